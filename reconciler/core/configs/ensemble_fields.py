"""What Triton refuses of an ensemble's config beside its graph, measured on 2.51: all it says is "failed to poll".

`defaults.config` is for all models of a repository, so what an ensemble cannot have is left out of it; in the
ensemble's own config it is a fault.
"""

from collections.abc import Iterator, Mapping

from reconciler.core.jsonvalue import JsonObject

ENSEMBLE = "ensemble"
REFUSED = ("instance_group", "optimization", "model_warmup", "dynamic_batching", "sequence_batching", "backend")
_NOT_BY_DEFAULT = frozenset((*REFUSED, "platform"))


def defaults_for(framework: str, defaults: JsonObject) -> JsonObject:
    """What of the defaults a model of this framework gets."""
    if framework != ENSEMBLE:
        return defaults
    return {field: value for field, value in defaults.items() if field not in _NOT_BY_DEFAULT}


def refused(config: JsonObject, layers: Mapping[str, JsonObject]) -> Iterator[str]:
    """What is wrong with an ensemble's effective config, in words; `layers` by where they are written."""
    for field in REFUSED:
        if field in config:
            yield (
                f"{_where(field, layers)} sets {field}, but an ensemble has none and Triton refuses one that does: "
                "remove it there, the ensemble's members have their own"
            )
    if config.get("platform", ENSEMBLE) != ENSEMBLE:
        yield f"{_where('platform', layers)} says platform {config['platform']!r}, but an ensemble's is '{ENSEMBLE}'"


def _where(field: str, layers: Mapping[str, JsonObject]) -> str:
    return next(where for where, layer in layers.items() if layer.get(field) is not None)
