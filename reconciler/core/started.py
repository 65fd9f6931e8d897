"""A new configuration repository: what was written of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """`same`: files that were there, just so. `begun`: a git repository was.

    `inside`: the work tree that it is part of, or is; `below`: where in there, `.` for all of it.
    """

    folder: str
    written: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    begun: bool = False
    inside: str = ""
    below: str = ""
