"""Values in people's words: sizes, durations, counts, short generations, and foreign text made harmless.

Promise: whatever a name or a server's error message holds, what `line` and `clean` return moves no cursor, colours
nothing, hides nothing, commands no CI system that reads the log, and shows no userinfo, query or signature of a URL.
"""

import re

from reconciler.core.digest import Generation, hexdigits
from reconciler.core.jsonvalue import Json
from reconciler.core.printable import printable

# Neither begins with a scheme, and an address without a query is passed over at once: a server's message may be
# long, and what tries every letter of it as a beginning takes for ever.
_USERINFO = re.compile(r"(:/+)[^/\s'\"?#]*@")
_QUERY = re.compile(r"(:/+[^\s?'\"]*)(\?[^\s'\")\]>]+)?")


_COMMAND = re.compile(r"^(\s*):(?=:[A-Za-z].*::)|#(?=#\w*\[)")
"""What GitHub's runner (`::name …::` after blanks, `##[name]` anywhere), Azure's and TeamCity's take for commands."""


def clean(text: str) -> str:
    """Foreign text with its secrets left out and everything that is not plain text escaped; stays one line."""
    if ":/" not in text and "::" not in text and "##" not in text and text.isprintable():
        return text  # neither an address nor a command: most of the hundred texts that are told of a model
    return _COMMAND.sub(_escaped, printable(_QUERY.sub(_address, _USERINFO.sub(r"\1", text))))


def _address(found: re.Match[str]) -> str:
    return found[1] + ("?…" if found[2] else "")


def _escaped(found: re.Match[str]) -> str:
    return found[0].replace(":", r"\x3a").replace("#", r"\x23")


def line(text: str) -> str:
    """Foreign text of any number of lines as one clean line."""
    return clean(" ".join(text.split()))


def text(foreign: str) -> str:
    """Foreign text of any number of lines, each made clean."""
    if "\n" not in foreign:
        return clean(foreign)
    return "\n".join(clean(part) for part in foreign.split("\n"))


def cleaned(value: Json) -> Json:
    """The same JSON with every string cleaned, keys too; line breaks stay, as JSON escapes them itself."""
    match value:
        case str():
            return text(value)
        case list():
            return [cleaned(item) for item in value]
        case dict():
            return {clean(key): cleaned(item) for key, item in value.items()}
        case _:
            return value


def duration(seconds: float) -> str:
    """Seconds for people: `0.4s`, `12s`, `2m05s`, `1h02m`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if whole < 60:
        return f"{whole}s"
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


def short(generation: Generation | None) -> str:
    """The first twelve digits of a generation, a dash for none."""
    return "-" if generation is None else clean(hexdigits(generation)[:12])


def revision(text: str) -> str:
    """The first twelve characters of a commit or of a folder's digest, and whether it is dirty."""
    head, dash, rest = text.removeprefix("sha256:").partition("-")
    return clean(head[:12] + dash + rest)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 tree`, `2 trees`; the plural is given where it is not an s more."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
