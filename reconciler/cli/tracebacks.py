"""What RECONCILE_DEBUG=1 prints of a bug: people paste all of it into reports, so it holds no secrets."""

import re
import traceback
from collections.abc import Mapping

import click

from reconciler.render import words

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|KEY|SAS|CONNECTION_STRING|CREDENTIAL|AUTH|PROXY", re.IGNORECASE)
"""Names of variables that may hold a secret."""

_GUESSED = 4
"""Letters: a shorter value is no secret, and is in every traceback."""


def show(error: Exception, environment: Mapping[str, str]) -> None:
    """Where an error comes from, on stderr."""
    click.echo(words.text(hidden("".join(traceback.format_exception(error)), environment)), nl=False, err=True)


def hidden(told: str, environment: Mapping[str, str]) -> str:
    """The text without the values of variables that may be secrets."""
    for name, value in sorted(environment.items(), key=lambda item: -len(item[1])):  # one may be part of another
        if _SECRET.search(name) and len(value) >= _GUESSED:
            told = told.replace(value, f"(the value of {name})")
    return told
