"""The examples in README.md and docs/: what is in a fence, what command stands in an indented line or in the prose."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

NOT_TESTED = re.compile(r"<!-- not tested: (?P<why>[^>]+) -->")
BEGIN, END = "<!-- executed by tests/docs -->", "<!-- end -->"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)(?P<title>[^\n`]*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced example. `excuse`: why nobody can try it; `executed`: it is part of a page that is run as it stands."""

    page: str
    line: int
    language: str
    text: str
    excuse: str = ""
    executed: bool = False

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """Of all pages."""
    return [block for page in PAGES for block in blocks_of(page)]


def blocks_of(page: Path) -> Iterator[Block]:
    """Of one page, in order. A mark stands in the line before the fence."""
    name, executed, excuse = str(page.relative_to(ROOT)), False, ""
    lines = iter(enumerate(page.read_text().splitlines(), 1))
    for number, line in lines:
        fence, mark = _FENCE.match(line), NOT_TESTED.search(line)
        if fence is not None:
            inside = []
            for _, row in lines:
                if row.strip() == "```":
                    break
                inside.append(row.removeprefix(fence["indent"]))
            text = "\n".join(inside) + "\n"
            yield Block(page=name, line=number, language=fence["language"], text=text, excuse=excuse, executed=executed)
            excuse = ""
        elif line.strip():
            executed = (executed or BEGIN in line) and END not in line
            excuse = mark["why"] if mark is not None else ""


def executed_pages() -> list[Path]:
    """Those with a part that is run."""
    return [page for page in PAGES if BEGIN in page.read_text()]


_INDENTED = re.compile(r"^ {3,}(?:\$ )?((?:[A-Z_]+=\S+ )*(?:\S.*\| *)?reconcile .*)$", re.MULTILINE)
_INLINE = re.compile(r"`(reconcile [^`]+)`")


_FENCES = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HERE = re.compile(r"<<'?(\w+)'?.*?\n.*?^\1$", re.DOTALL | re.MULTILINE)


def command_lines() -> set[tuple[str, str, bool]]:
    """Every `reconcile …` that a page tells of, with the page, and whether it is whole: not in the midst of a text."""
    found = list[tuple[str, str, bool]]()
    for page in PAGES:
        name, text = str(page.relative_to(ROOT)), _FENCES.sub("", page.read_text())
        found += [(name, line, True) for line in _INDENTED.findall(text)]
        found += [(name, line, False) for line in _INLINE.findall(text)]
    for block in blocks():
        if block.language == "sh" and not block.excuse:
            joined = _HERE.sub("", block.text).replace("\\\n", " ")
            found += [(block.page, line.strip(), True) for line in joined.splitlines()]
    return {(page, command, whole) for page, line, whole in found for command in _commands(line)}


def _commands(line: str) -> Iterator[str]:
    """Those of our program in a line of a shell."""
    if line.lstrip().startswith("#"):
        return
    line = re.sub(r"\s#\s.*$", "", line.replace("\\|", "|"))
    for part in re.split(r"(?<=\s)(?:\|\|?|&&|;|>>?|2>)\s|;\s|\$\(|^!\s", line):
        words = re.sub(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:if |! )?", "", part.strip()).rstrip(")&; ")
        if re.match(r"reconcile( |$)", words):
            yield words


def arguments(command: str) -> list[str]:
    """Its words, without the program's name."""
    return shlex.split(command.replace("…", " … "))[1:]
