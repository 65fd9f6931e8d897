"""What goes to stderr line by line: text for people, or one JSON object for each line, with the fields of docs/logs.md.

Records of Python's logging, ours and those of libraries, are such lines too. All are harmless like all foreign text.
"""

import logging
from datetime import UTC, datetime

import click

from reconciler.core.jsonvalue import JsonObject
from reconciler.render import json_text, words


def line(level: str, event: str, fields: JsonObject, at: datetime | None = None) -> str:
    """A line of JSON: when (now, if nothing is said), how bad, what, and the rest."""
    time = (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json_text.compact({"time": time, "level": level, "event": event, **fields})


def tell(level: str, event: str, fields: JsonObject) -> None:
    """Writes such a line to stderr."""
    click.echo(line(level, event, fields), nl=False, err=True)


class TextFormatter(logging.Formatter):
    """`warning: message`, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return words.line(f"{record.levelname.lower()}: {record.getMessage()}")


class JsonFormatter(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        fields: JsonObject = {"logger": record.name, "message": words.line(record.getMessage())}
        at = datetime.fromtimestamp(record.created, UTC)
        return line(record.levelname.lower(), "message", fields, at).rstrip("\n")


def set_up(*, as_json: bool) -> None:
    """Warnings and worse of everybody go to stderr; what was set up before is replaced."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
