"""Where artifacts come from. fsspec and friends are imported here only; nothing is written here."""

from reconciler.adapters.sources.archives import Member, members
from reconciler.adapters.sources.faults import BusyError
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.selection import Loose, Packed, Selection, select, select_members
from reconciler.adapters.sources.shown import shown
from reconciler.adapters.sources.store import Sources, Store

__all__ = [
    "BusyError",
    "Listed",
    "Loose",
    "Member",
    "Packed",
    "Selection",
    "Sources",
    "Store",
    "members",
    "select",
    "select_members",
    "shown",
]
