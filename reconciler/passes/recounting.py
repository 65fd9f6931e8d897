"""What the status branch tells of a target: git is all that is asked, so it can be read from anywhere."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core import nearest
from reconciler.core.errors import Reason, UsageError
from reconciler.core.spec import Desired, Target
from reconciler.core.statuses import status
from reconciler.core.statuses.held import Held, held_in
from reconciler.core.statuses.status import ModelStatus
from reconciler.passes.choosing import named_target, with_models
from reconciler.passes.options import Options
from reconciler.passes.reading import read_desired, status_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was committed of a target last; `known` is false where nothing ever was. `unreadable`: models.

    `held`: the revision that was not trusted, and what the target stays at.
    """

    desired: Desired
    target: Target
    known: bool
    statuses: Mapping[str, ModelStatus] = field(default_factory=dict)
    unreadable: frozenset[str] = field(default=frozenset())
    held: Held | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """What nobody can say."""
        if not self.known:
            branch = self.desired.repository.status_branch
            return (f"no status of target {self.target.name} was ever committed to branch {branch}",)
        return tuple(f"{name}: the file of its status cannot be read" for name in sorted(self.unreadable))


def account(options: Options) -> Account:
    """What the status branch tells of the models that are asked for; no volume, no server, no source is touched.

    Raises ReconcileError where git cannot be read, or tells of no such target or model.
    """
    access = options.access(options.volume)
    desired = read_desired(options, access)
    target = named_target(desired, options)
    files = status_folder(desired, target, options, access).files
    statuses = status.from_files(files)
    asked = with_models(desired, target, options).models
    broken = status.unreadable(files, statuses)
    _check(asked, desired, statuses.keys() | broken)
    return Account(
        desired=desired,
        target=target,
        known=bool(files),
        statuses={name: found for name, found in statuses.items() if not asked or name in asked},
        unreadable=frozenset(name for name in broken if not asked or name in asked),
        held=held_in(files),
    )


def is_elsewhere(told: Account) -> bool:
    """Whether another machine has the target's volume: there is a status of it, and here it is not."""
    return told.known and not (told.target.volume and os.path.isdir(told.target.volume))


def _check(asked: tuple[str, ...], desired: Desired, told: frozenset[str] | set[str]) -> None:
    unknown = sorted(set(asked) - told - desired.models.keys() - desired.rejected.keys())
    if unknown:
        hint = nearest.hint(unknown, told, "the status tells of", "no models")
        raise UsageError(Reason.USAGE, f"there is no model called {', '.join(unknown)}", hint)
