"""Does an ensemble's graph fit its members (spec §6, triton-facts §4)?

Triton takes a running ensemble down when its new graph does not fit, so this is checked before a link is touched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.configs.assembly import Artifact
from reconciler.core.configs.modelfacts import EnsembleStep, ModelConfig, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A tensor as one side of the graph sees it. `batched`: its model puts a batch dimension before the dims."""

    where: str
    tensor: Tensor
    batched: bool


def misfits(ensemble: ModelConfig, members: Mapping[str, Artifact | None]) -> tuple[str, ...]:
    """What does not fit, in words. A member that is None is there but unknown to us: nothing is said of its tensors."""
    return tuple(_misfits(ensemble, members))


def _misfits(ensemble: ModelConfig, members: Mapping[str, Artifact | None]) -> Iterator[str]:
    yield from _loose_ends(ensemble)
    for step in ensemble.steps:
        member = members.get(step.model)
        if member is not None:
            yield from _step_misfits(step, member)
            yield from _batch_misfits(ensemble, member)
    seen: dict[str, list[_Use]] = {}
    for name, use in _uses(ensemble, members):
        seen.setdefault(name, []).append(use)
    for name, uses in sorted(seen.items()):
        yield from _disagreements(name, uses)


def _batch_misfits(ensemble: ModelConfig, member: Artifact) -> Iterator[str]:
    """A member that does not batch at all is fine with Triton, one that batches less is not (measured on 2.51)."""
    allowed = member.config.max_batch_size
    if 0 < allowed < ensemble.max_batch_size:
        yield (f"the ensemble's max_batch_size is {ensemble.max_batch_size}, but {member.config.name} allows {allowed}")


def _loose_ends(ensemble: ModelConfig) -> Iterator[str]:
    """Tensors that nothing makes, and inputs that nothing takes."""
    inputs, outputs = _names(ensemble.inputs), _names(ensemble.outputs)
    made = inputs.union(*(step.outputs.values() for step in ensemble.steps))
    taken = set[str]().union(*(step.inputs.values() for step in ensemble.steps))
    yield from (f"nothing makes the tensor {name!r}, which a step takes" for name in sorted(taken - made))
    yield from (f"no step makes the ensemble's output {name!r}" for name in sorted(outputs - made))
    yield from (f"no step takes the ensemble's input {name!r}" for name in sorted(inputs - taken))
    yield from (
        f"nothing takes the tensor {name!r}, which a step makes" for name in sorted(made - taken - outputs - inputs)
    )


def _names(tensors: tuple[Tensor, ...]) -> set[str]:
    return {tensor.name for tensor in tensors}


def _uses(ensemble: ModelConfig, members: Mapping[str, Artifact | None]) -> Iterator[tuple[str, _Use]]:
    """Every end of every tensor whose type is known, by the ensemble's name for it."""
    batched = ensemble.max_batch_size > 0
    for tensor in ensemble.inputs:
        yield tensor.name, _Use(where="the ensemble's input", tensor=tensor, batched=batched)
    for step in ensemble.steps:
        member = members.get(step.model)
        yield from _member_uses(step, member) if member is not None else ()
    for tensor in ensemble.outputs:
        yield tensor.name, _Use(where="the ensemble's output", tensor=tensor, batched=batched)


def _member_uses(step: EnsembleStep, member: Artifact) -> Iterator[tuple[str, _Use]]:
    batched = member.config.max_batch_size > 0
    for mapping, tensors in ((step.inputs, member.config.inputs), (step.outputs, member.config.outputs)):
        for tensor in tensors:
            if tensor.name in mapping:
                yield mapping[tensor.name], _Use(where=f"{step.model}'s {tensor.name}", tensor=tensor, batched=batched)


def _step_misfits(step: EnsembleStep, member: Artifact) -> Iterator[str]:
    if step.version != -1 and step.version not in member.versions:
        served = ", ".join(str(version) for version in member.versions) or "none"
        yield f"version {step.version} of {step.model} is pinned, but it serves version {served}"
    yield from _side_misfits(step.model, "input", step.inputs, member.config.inputs)
    yield from _side_misfits(step.model, "output", step.outputs, member.config.outputs)


def _side_misfits(model: str, side: str, mapping: Mapping[str, str], tensors: tuple[Tensor, ...]) -> Iterator[str]:
    """A config without tensors is completed by its backend at load time, so nothing is known of it."""
    if not tensors:
        return
    for name in sorted(mapping.keys() - {tensor.name for tensor in tensors}):
        yield f"{model} has no {side} {name!r}"
    for tensor in tensors if side == "input" else ():
        if tensor.name not in mapping and not tensor.optional:
            yield f"{model}'s input {tensor.name!r} gets no tensor"


def _disagreements(name: str, uses: list[_Use]) -> Iterator[str]:
    first, *others = uses
    for other in others:
        if first.tensor.data_type != other.tensor.data_type:
            yield (
                f"tensor {name!r}: {first.where} is {first.tensor.data_type}, "
                f"but {other.where} is {other.tensor.data_type}"
            )
        elif not _dims_agree(first, other):
            yield (
                f"tensor {name!r}: {first.where} has dims {list(first.tensor.dims)}, "
                f"but {other.where} has {list(other.tensor.dims)}"
            )


def _dims_agree(one: _Use, other: _Use) -> bool:
    """Equal but for -1, which fits anything.

    With a batch dimension on one side only Triton 2.51 also takes the other side's first dim for it (measured).
    """
    left, right = one.tensor.dims, other.tensor.dims
    if one.batched != other.batched and len(left) != len(right):
        left, right = ((-1, *left), right) if one.batched else (left, (-1, *right))
    return len(left) == len(right) and all(a == b or -1 in (a, b) for a, b in zip(left, right, strict=True))
