"""What a run tells, together with what the run before it told in the same file.

Counters go on counting. What a run could not say because it ended early stays as it was said last, so that an alert
about a model does not go away because git cannot be reached.
"""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

_COUNTED = frozenset({"counter", "histogram"})

Key = tuple[str, frozenset[tuple[str, str]]]


def parsed(text: str) -> Sequence[Metric]:
    """The families of a text, none of one that is not in the format."""
    try:
        return list(text_string_to_metric_families(text))
    except (ValueError, KeyError, IndexError):
        return []


def merged(new: Sequence[Metric], old: Sequence[Metric], target: str, *, whole: bool) -> Iterator[Metric]:
    """The families to be written; `whole`: the new ones tell everything, so only the old counts are of use."""
    before = {family.name: family for family in old}
    for family in new:
        yield _added(family, before[family.name], target) if _goes_on(family, before) else family
    if not whole:
        told = {family.name for family in new}
        for family in old:
            kept = _of_target(family, target)
            if family.name not in told and family.name.startswith("reconcile_") and kept.samples:
                yield kept


def _goes_on(family: Metric, before: Mapping[str, Metric]) -> bool:
    return family.type in _COUNTED and family.name in before and before[family.name].type == family.type


def _added(new: Metric, old: Metric, target: str) -> Metric:
    """Sums by name and labels. A model that is gone is not counted any more; that of another target is not ours."""
    models = {sample.labels["model"] for sample in new.samples if "model" in sample.labels}
    sums: dict[Key, float] = {}
    for sample in (*_of_target(old, target).samples, *new.samples):
        if sample.labels.get("model", "") in {*models, ""}:
            key = (sample.name, frozenset(sample.labels.items()))
            sums[key] = sums.get(key, 0.0) + sample.value
    family = Metric(new.name, new.documentation, new.type)
    for (name, labels), value in sums.items():
        family.add_sample(name, dict(labels), value)
    return family


def _of_target(family: Metric, target: str) -> Metric:
    kept = Metric(family.name, family.documentation, family.type)
    kept.samples = [sample for sample in family.samples if sample.labels.get("target") == target]
    return kept
