"""The name that was meant: of those there are, the one most like what was typed.

Promise: a hint stays one short sentence, however many names there are and however long what was typed is.
"""

import difflib
from collections.abc import Collection, Iterable

_ALIKE = 0.75
"""How like two names must be: `desnenet` is `densenet`, and `scale` is not `shift`."""

_LONGEST = 128
"""Letters that are compared: no name of ours is longer, and what is typed may be anything."""

_SHOWN = 8


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like a word, whatever its case and its separators; None if none is like it."""
    plain = {_plain(name): name for name in known}
    found = difflib.get_close_matches(_plain(word[:_LONGEST]), plain, n=1, cutoff=_ALIKE)
    return plain[found[0]] if found else None


def hint(unknown: Iterable[str], known: Collection[str], whose: str, none: str) -> str:
    """What to do about names that nobody knows: what was meant, and what there is.

    `whose`: what the names are of, such as `the repository has`; `none`: what is said where there are no names.
    """
    meant = [name for name in (nearest(word, known) for word in unknown) if name is not None]
    asked = f"did you mean {', '.join(dict.fromkeys(meant))}? " if meant else ""
    return f"{asked}{whose}: {listed(known) or none}"


def listed(names: Collection[str]) -> str:
    """The names in order, the first few of many."""
    shown = sorted(names)[:_SHOWN]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
