"""JSON as text for people, pipes and logs: keys sorted, plain ASCII, so that no terminal reads anything into it."""

import json

from reconciler.core.jsonvalue import Json
from reconciler.render import words


def pretty(value: Json) -> str:
    """A document of many lines."""
    return json.dumps(words.cleaned(value), sort_keys=True, indent=2) + "\n"


def compact(value: Json) -> str:
    """One line of a log."""
    return json.dumps(words.cleaned(value), sort_keys=True) + "\n"
