"""reconciler.yaml as the settings that every model is read with."""

import re
from collections.abc import Mapping

from reconciler.core.checking.checked import Checked, check_repository
from reconciler.core.parsing.freeze import window_faults
from reconciler.core.parsing.parse_one import misnamed
from reconciler.core.parsing.parse_repository import Settings, settings_of
from reconciler.core.parsing.rules import broken_defaults

REPOSITORY_FILE = "reconciler.yaml"

_TRAILER = re.compile(r"^Reconcile-Allow-Removals:[ \t]*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def read_settings(files: Mapping[str, bytes], root: str | None) -> Settings:
    """The settings, or what is wrong with the file; the defaults without one."""
    others = (path for path in sorted(files) if path.lower() in ("reconciler.yml", REPOSITORY_FILE))
    strays = tuple(misnamed(path, REPOSITORY_FILE) for path in others if path != REPOSITORY_FILE)
    if REPOSITORY_FILE not in files:
        return Settings(root=root, broken=strays)
    checked = check_repository(REPOSITORY_FILE, files[REPOSITORY_FILE])
    if not isinstance(checked, Checked):
        return Settings(root=root, broken=(*strays, *checked))
    if problems := (*strays, *checked.problems, *broken_defaults(checked, files), *window_faults(checked)):
        return Settings(root=root, broken=problems)
    return settings_of(checked.value, root, files)


def allowed_removals(message: str) -> int | None:
    """What the commit allows; the smallest number where it says it twice, since this lifts a guard."""
    return min((int(number) for number in _TRAILER.findall(message)), default=None)
