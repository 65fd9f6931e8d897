"""Label selectors as `kubectl -l` takes them: `tier=gold,team!=nlp,stage in (prod, canary),!legacy`."""

import re
from collections.abc import Iterator

from reconciler.core.selector import Operator, Requirement, Selector

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?"
_TERM = re.compile(
    rf"\s*(?:(?P<gone>!)\s*)?(?P<key>{_KEY})\s*"
    rf"(?:(?P<sign>==|!=|=)\s*(?P<value>{_VALUE})|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*(?:,|$)"
)


def selector(text: str) -> Selector:
    """The selector that the text means. Raises ValueError for anything else, and for nothing at all."""
    requirements, at = list[Requirement](), 0
    while at < len(text) or not requirements:
        match = _TERM.match(text, at)
        if match is None or (match["gone"] and (match["sign"] or match["set"])):
            message = f"{text!r} is not a label selector like tier=gold or 'stage in (prod, canary)'"
            raise ValueError(message)
        requirements += _requirements(match)
        at = match.end()
    return Selector(match_expressions=tuple(requirements))


def _requirements(match: re.Match[str]) -> Iterator[Requirement]:
    key = match["key"]
    if match["set"] is not None:
        values = tuple(value.strip() for value in match["values"].split(","))
        yield Requirement(key=key, operator=Operator.IN if match["set"] == "in" else Operator.NOT_IN, values=values)
    elif match["sign"] is not None:
        operator = Operator.NOT_IN if match["sign"] == "!=" else Operator.IN
        yield Requirement(key=key, operator=operator, values=(match["value"],))
    else:
        yield Requirement(key=key, operator=Operator.DOES_NOT_EXIST if match["gone"] else Operator.EXISTS)
