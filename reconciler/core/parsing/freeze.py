"""Freeze windows: times in which only drift is mended (policy.freeze).

A window begins whenever its cron expression says so, in its time zone, and lasts for its duration. While one is open
every model stays what it is, or was by the last status; what of it was lost, damaged, unloaded or tampered with is
put back.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from reconciler.core import quantities
from reconciler.core.checking import fields
from reconciler.core.checking.checked import Checked
from reconciler.core.checking.nodes import quoted
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.spec import Freeze


def frozen(windows: Iterable[Freeze], now: datetime) -> str:
    """Why nothing may change now, and until when; empty if it may. `now` has a time zone."""
    ends = [(end, window) for window in windows if (end := _end(window, now)) is not None]
    if not ends:
        return ""
    end, window = max(ends, key=lambda found: found[0])
    reason = f": {window.reason}" if window.reason else ""
    return f"frozen until {end:%H:%M} {window.timezone} on {end:%Y-%m-%d}{reason}"


def _end(window: Freeze, now: datetime) -> datetime | None:
    """When the window that is open now ends, None if none is. The minute in which it begins is in it."""
    zone = ZoneInfo(window.timezone)
    here = now.astimezone(zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
    began = next(CronSim(window.cron, here, reverse=True))
    end = datetime.fromtimestamp(began.timestamp() + window.duration, zone)
    return end if now < end else None


def windows_of(policy: JsonObject) -> tuple[Freeze, ...]:
    """The windows of a checked policy."""
    return tuple(
        Freeze(
            cron=cast("str", window["cron"]),
            duration=quantities.duration(cast("str", window["duration"])),
            timezone=fields.text(window, "timezone") or "UTC",
            reason=fields.text(window, "reason") or "",
        )
        for window in fields.mappings(policy, "freeze")
    )


def window_faults(checked: Checked) -> Iterator[Problem]:
    """Cron expressions and time zones that the schema cannot tell from good ones."""
    for index, window in enumerate(cast("list[JsonObject]", checked.sound("spec", "policy", "freeze") or [])):
        where = ("spec", "policy", "freeze", index)
        zone, cron = fields.text(window, "timezone") or "UTC", fields.text(window, "cron") or ""
        if not _is_zone(zone):
            yield checked.fault((*where, "timezone"), quoted(zone), "a time zone such as UTC or Europe/Berlin")
        elif not _is_cron(cron):
            expected = "five fields of cron that come to pass, such as `0 18 * * 5` (Fridays at 18:00)"
            yield checked.fault((*where, "cron"), quoted(cron), expected)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_cron(text: str) -> bool:
    try:
        next(CronSim(text, datetime(2026, 1, 1), reverse=True))  # noqa: DTZ001 - any time will do
    except (CronSimError, StopIteration):
        return False
    return len(text.split()) == 5
