"""One model as it stands after a pass: what git wants of it, what is really there, and what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, assert_never

from reconciler.core.content import Known
from reconciler.core.digest import Digest, Generation, tree_digest
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Observed, Served, Serving, StalledAt, Unreachable
from reconciler.core.plan import (
    Activate,
    Adopt,
    Change,
    Deactivate,
    Fetch,
    Load,
    ModelPlan,
    Outcome,
    Prune,
    Result,
    Retire,
    Unload,
)
from reconciler.core.spec import ModelSpec
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, short, stable

CONTENT_DECIDES = frozenset(
    {
        Reason.INVALID,
        Reason.LOAD_FAILED,
        Reason.PROBE_FAILED,
        Reason.STAMP_MISMATCH,
        Reason.DEPENDENT_DOWN,
        Reason.DIGEST_MISMATCH,
        Reason.BAD_ARCHIVE,
        Reason.UNSAFE_PATH,
        Reason.PREFLIGHT_FAILED,
    }
)
"""Terminal failures that another try at the same generation would only repeat; others are mended outside of it."""

_LOADED = {
    Reason.PROBE_FAILED: "was loaded, but did not pass its golden requests",
    Reason.DEPENDENT_DOWN: "was loaded, but what is above it did not come up",
    Reason.STAMP_MISMATCH: "was loaded, but is not what serves",
}
"""What a load that Triton itself carried out failed of."""

View = TypeVar("View")

_AS_IT_WAS = frozenset({Reason.REJECTED, Reason.SUSPENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why it is not simply well. `at`: what must not be tried again."""

    reason: Reason
    message: str
    failed: bool = False
    terminal: bool = False
    at: StalledAt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that decides a model's conditions. `outcomes` are its own; `before` is its last status."""

    line: ModelPlan
    spec: ModelSpec | None
    outcomes: tuple[Outcome, ...]
    observed: Observed
    before: ModelStatus | None

    @property
    def active(self) -> Active | None:
        """Our link on the volume."""
        entry = self.observed.volume.entries.get(self.line.model)
        return entry if isinstance(entry, Active) else None

    @property
    def known(self) -> bool:
        """Whether this pass knows the generation that git wants; a kept model's line names the active one instead."""
        return self.line.wanted is not None and self.line.kept is None

    @property
    def generation(self) -> Generation | None:
        """The generation that git wants, as far as it was ever known."""
        if self.known:
            return self.line.wanted
        return None if self.before is None else self.before.generation

    @property
    def same(self) -> bool:
        """Whether git wanted the same when the last status was written."""
        return self.before is not None and self.before.generation == self.generation

    @property
    def stalled_at(self) -> StalledAt | None:
        """What the last status remembers as hopeless."""
        return None if self.before is None else self.before.stalled_at

    def last(self, kind: Kind) -> Condition | None:
        """A condition of the last status."""
        return None if self.before is None else self.before.conditions.get(kind)

    @property
    def reference(self) -> Generation | None:
        """What reality is compared with."""
        return self.generation or (self.active.generation if self.active else None)

    @property
    def desired(self) -> bool:
        """Whether it is in git, if only with faults."""
        return self.spec is not None or self.line.reason is Reason.REJECTED

    @property
    def comparable(self) -> bool:
        """Whether being at the reference means that all is as wanted."""
        return self.desired and (self.known or self.line.reason in _AS_IT_WAS)

    @property
    def whole(self) -> bool:
        """Whether the reference is active and undamaged."""
        return self.active is not None and self.active.generation == self.reference and not self.active.damage

    @property
    def no_server(self) -> bool:
        """Whether there is none to load it."""
        return not self.observed.servers

    @property
    def load_disabled(self) -> bool:
        """Whether it is to stay unloaded."""
        return self.spec is not None and not self.spec.load.enabled

    @property
    def belongs_on(self) -> tuple[str, ...]:
        """The servers that are to have it; none where it is not to be loaded, or no longer in git."""
        if not self.desired or self.load_disabled:
            return ()
        return tuple(sorted(self.observed.servers)) if self.line.servers is None else self.line.servers

    def expected(self, servers: Mapping[str, View]) -> Mapping[str, View]:
        """Those of the servers that it belongs on: what others have of it does not make it less ready."""
        places = self.line.servers
        return {server: view for server, view in servers.items() if places is None or server in places}

    @property
    def served(self) -> Mapping[str, Served | None]:
        """What each server that answered says of it."""
        servers = sorted(self.observed.servers.items())
        return {name: view.models.get(self.line.model) for name, view in servers if isinstance(view, Serving)}

    @property
    def up(self) -> Mapping[str, Served]:
        """What answers requests, by server."""
        return {server: served for server, served in self.served.items() if served is not None and served.up}

    @property
    def unreachable(self) -> Mapping[str, Unreachable]:
        """The servers nothing is known of."""
        servers = sorted(self.observed.servers.items())
        return {name: view for name, view in servers if isinstance(view, Unreachable)}

    @property
    def digests(self) -> Mapping[str, Digest]:
        """The tree digests of its sources, as they were if they were not read."""
        content = self.observed.contents.get(self.line.model)
        if isinstance(content, Known):
            return {"source" if key is None else str(key): tree_digest(files) for key, files in content.files.items()}
        return self.before.digests if self.before is not None and self.same else {}

    @property
    def there(self) -> bool:
        """Whether anything of ours is on the volume or up, or may be for all we know."""
        stamped = any(served.generation is not None for served in self.up.values())
        return self.active is not None or stamped or bool(self.unreachable)


def trouble(standing: Standing) -> Trouble | None:
    """What is wrong: a failure first, then why it is held, then what kept its steps from running."""
    failed = _first(standing, Result.FAILED)
    if failed is not None:
        return _failure(failed)
    if standing.line.stalled or standing.line.reason is Reason.STALLED:
        return _stalled(standing)
    if standing.line.change is Change.HELD:
        return Trouble(reason=standing.line.reason, message=standing.line.message)
    kept = _first(standing, Result.BLOCKED) or _first(standing, Result.CANCELLED)
    if standing.line.deferred and kept is None and standing.outcomes:
        return Trouble(reason=Reason.SOURCE_CHANGED, message="its source has changed again since it was fetched")
    return None if kept is None else Trouble(reason=kept.reason, message=kept.message)


def _first(standing: Standing, result: Result) -> Outcome | None:
    return next((outcome for outcome in standing.outcomes if outcome.result is result), None)


def failure(outcome: Outcome) -> str:
    """What a failed step means for its model, in words."""
    action = outcome.step.action
    match action:
        case Activate(tree=tree):
            words = f"generation {short(tree.generation)} could not be activated"
        case Load(tree=tree):
            words = f"generation {short(tree.generation)} {_LOADED.get(outcome.reason, 'failed to load')}"
        case _:
            words = _failed(action)
    return f"{words}: {outcome.message}"


def _failure(outcome: Outcome) -> Trouble:
    action, stalled, message = outcome.step.action, None, failure(outcome)
    at = action.tree.generation if isinstance(action, Activate | Load) else None
    if at is not None and outcome.terminal and outcome.reason in CONTENT_DECIDES:
        stalled = StalledAt(generation=at, reason=outcome.reason, message=stable(message))
    return Trouble(reason=outcome.reason, message=message, failed=True, terminal=outcome.terminal, at=stalled)


def _failed(action: Fetch | Adopt | Unload | Deactivate | Retire | Prune) -> str:
    match action:
        case Fetch():
            return "fetching failed"
        case Adopt():
            return "taking over its directory failed"
        case Unload(server=server):
            return f"unloading from {server} failed"
        case Deactivate() | Retire() | Prune():
            return "removing failed"
        case _:
            assert_never(action)


def _stalled(standing: Standing) -> Trouble:
    """The words it stalled with, as they were: they must not grow from pass to pass."""
    line, at = standing.line, standing.stalled_at
    if at is not None and Reason.STALLED in (line.reason, line.kept):
        return Trouble(reason=at.reason, message=at.message, terminal=True, at=at)
    held = line.change is Change.HELD
    message = line.message if held else "; ".join(line.warnings[-1:])
    return Trouble(reason=line.reason if held else Reason.STALLED, message=message, terminal=True)
