"""Where artifacts come from. fsspec and friends are imported here only; nothing is written here."""

from reconciler.adapters.sources.abilities import Bulk, Versioned
from reconciler.adapters.sources.archives import members
from reconciler.adapters.sources.faults import BusyError
from reconciler.adapters.sources.flock import Turns, small
from reconciler.adapters.sources.listing import Listed, check_paths
from reconciler.adapters.sources.measure import measure
from reconciler.adapters.sources.packed import Member
from reconciler.adapters.sources.promises import LOCKED_HINT, verify, whole
from reconciler.adapters.sources.remembered import NOTHING, Remembered
from reconciler.adapters.sources.selection import Loose, Packed, Selection, select, select_members
from reconciler.adapters.sources.shown import shown
from reconciler.adapters.sources.store import Sources, Store

__all__ = [
    "LOCKED_HINT",
    "NOTHING",
    "Bulk",
    "BusyError",
    "Listed",
    "Loose",
    "Member",
    "Packed",
    "Remembered",
    "Selection",
    "Sources",
    "Store",
    "Turns",
    "Versioned",
    "check_paths",
    "measure",
    "members",
    "select",
    "select_members",
    "shown",
    "small",
    "verify",
    "whole",
]
