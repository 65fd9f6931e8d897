"""docs/reference/metrics.md: every family that the adapter has."""

from pages.markdown import block, code, page, table
from reconciler.adapters.metrics import names
from reconciler.adapters.metrics.families import families
from tests.boards import everything

_INTRODUCTION = """\
What `/metrics` of `reconcile run`, `--metrics-file` and `--pushgateway` tell. How they get there, alert rules and a
dashboard: [metrics, health, the page](../metrics.md). A family of which nothing is known is left out.
"""

_HEAD = ("metric", "type", "labels", "says")


def text() -> str:
    """The page."""
    rows = [(code(one.name), one.type.value, ", ".join(one.labels), one.says) for one in names.ALL]
    shown = block("\n".join(_samples()), "text")
    return page("Metrics", _INTRODUCTION, table(_HEAD, rows), "## What they look like", shown)


def _samples() -> list[str]:
    """The first sample of each family of a target with one of everything."""
    found = []
    for family in families(everything()):
        sample = family.samples[0]
        labels = ",".join(f'{key}="{word}"' for key, word in sample.labels.items())
        if sample.name != names.BUILD.name:  # whose labels are those of whoever runs this
            found.append(f"{sample.name}{{{labels}}} {sample.value:g}")
    return found
