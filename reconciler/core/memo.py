"""What was once worked out from given bytes, so that it need not be worked out again.

Promise: whatever is recalled is what the work would give again, for the name of a row is a digest of all that went into
it; a caller recalls only what has no faults, so that messages always come from the work itself. Without any row all is
merely slower.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import cast

from reconciler.core.jsonvalue import Json, parsed


class Memo:
    """Rows by name, as JSON texts: values of thousands of models would take several times the memory.

    `rows` given are those of earlier runs; one that is no JSON counts as nothing.
    """

    def __init__(self, rows: Mapping[str, bytes] | None = None) -> None:
        self._rows = rows or {}
        self._used: dict[str, bytes] = {}
        self._new = False

    @property
    def rows(self) -> dict[str, bytes]:
        """What is worth keeping: what this run used, and what it had no use for as long as that is not the most."""
        return {**self._rows, **self._used} if self._few_unused else dict(self._used)

    @property
    def changed(self) -> bool:
        """Whether that is anything but what there was."""
        return self._new or not self._few_unused

    @property
    def _few_unused(self) -> bool:
        return len(self._rows) <= 2 * len(self._used)

    def recall(self, name: str) -> Json:
        """The row, None where nothing is known."""
        found = self._used.get(name)
        if found is None and (found := self._rows.get(name)) is not None:
            self._used[name] = found
        try:
            return None if found is None else cast("Json", parsed(found))
        except ValueError:
            return None

    def keep(self, name: str, value: Json) -> None:
        """Notes the row for the next time."""
        self._used[name] = json.dumps(value, separators=(",", ":")).encode()
        self._new = True


def row_name(kind: str, *parts: bytes) -> str:
    """The name of a row that follows from these parts: none of them can pass for another."""
    running = hashlib.sha256(b"".join(b"%d:" % len(part) for part in parts))
    for part in parts:
        running.update(part)
    return f"{kind}:{running.hexdigest()}"
