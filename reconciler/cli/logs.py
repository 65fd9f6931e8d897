"""Where log records of ours and of libraries go: stderr, as text or JSON lines, harmless like all foreign text."""

import json
import logging

from reconciler.core.jsonvalue import JsonObject
from reconciler.render import words


class TextFormatter(logging.Formatter):
    """`warning: message`, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return words.line(f"{record.levelname.lower()}: {record.getMessage()}")


class JsonFormatter(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        shown: JsonObject = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": words.line(record.getMessage()),
        }
        return json.dumps(shown, sort_keys=True)


def set_up(*, as_json: bool) -> None:
    """Warnings and worse of everybody go to stderr; what was set up before is replaced."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
