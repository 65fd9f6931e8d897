"""How fast all fetches together may be, and how many there are at once."""

from dataclasses import dataclass

TRANSFERS = 16
"""Files and ranges at once: many small files are bound by round trips (download-facts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`transfers`: files and ranges that come at once; `bandwidth` in bytes a second, None for no limit."""

    transfers: int = TRANSFERS
    bandwidth: int | None = None
