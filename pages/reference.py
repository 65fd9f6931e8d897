"""`make reference`: writes what of docs/ is made from the code."""

import re
from pathlib import Path

from pages import command_line, exits, fields, metrics, plan_keys, reasons
from pages.markdown import page, table

ROOT = Path(__file__).parents[1]
_DECISIONS = "docs/adr"


def files() -> dict[str, str]:
    """Every page by its path in the repository."""
    return {
        "docs/reference/cli.md": command_line.text(),
        "docs/reference/model.md": fields.model(),
        "docs/reference/repository.md": fields.repository(),
        "docs/reference/lock.md": fields.lock(),
        "docs/reference/config.md": fields.config(),
        "docs/reference/exit-codes.md": exits.text(),
        "docs/reference/conditions.md": reasons.conditions(),
        "docs/reference/reasons.md": reasons.reasons(),
        "docs/reference/metrics.md": metrics.text(),
        "docs/reference/plan-json.md": plan_keys.text(),
        f"{_DECISIONS}/index.md": _decisions(),
    }


def write() -> None:
    """Makes the files so."""
    for path, text in files().items():
        file = ROOT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _decisions() -> str:
    """The list of docs/adr."""
    rows = []
    for file in sorted((ROOT / _DECISIONS).glob("[0-9]*.md")):
        number, _, title = re.sub("^# *", "", file.read_text(encoding="utf-8").splitlines()[0]).partition(". ")
        rows.append((number, f"[{title}]({file.name})"))
    told = "Each says what was decided, why, and what it costs. One that is taken back stays here, with a note."
    return page("Decisions that were hard", told, table(("", ""), rows))


if __name__ == "__main__":
    write()
