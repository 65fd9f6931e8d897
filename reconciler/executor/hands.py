"""What the executor works with; the adapters as protocols, so that it knows neither links nor gRPC."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from reconciler.core.observed import ServerView
from reconciler.core.plan import Activate, Adopt, Deactivate, Fetch, Load, Prune, Retire, Step, Unload
from reconciler.core.progress import Moved, Reporter
from reconciler.core.spec import Probe
from reconciler.executor.attempts import Attempts


class Volume(Protocol):
    """Effects on the volume; each is idempotent and raises only ReconcileError for expected failures."""

    def fetch(self, action: Fetch, *, progress: Callable[[Moved], None], cancelled: Callable[[], bool]) -> None:
        """Bring the sources' files onto the volume as blobs; progress is told what comes as it comes."""

    def adopt(self, action: Adopt) -> None:
        """Make blobs of what a foreign directory holds."""

    def activate(self, action: Activate) -> None:
        """Make or mend the tree and swap the link; a directory that is adopted is set aside."""

    def give_back(self, model: str) -> None:
        """Put what an adoption has set aside back in its place; done already is done."""

    def retire(self, action: Retire) -> None:
        """Delete what an adoption has set aside."""

    def deactivate(self, action: Deactivate) -> None:
        """Take the link away."""

    def prune(self, action: Prune) -> None:
        """Delete what is named and still unreferenced."""


class Server(Protocol):
    """Effects on one server; raise only ReconcileError for expected failures."""

    def observe(self) -> ServerView:
        """What the server has now."""

    def load(self, action: Load) -> frozenset[str]:
        """Load, read the stamps back, probe: one try. The dependents that were found down and came back."""

    def load_together(self, actions: Sequence[Load]) -> frozenset[str]:
        """Load in one request; the models that are up with their stamp. The others are loaded one by one."""

    def probe(self, model: str, probes: tuple[Probe, ...]) -> None:
        """Ask the golden requests."""

    def reload(self, model: str, timeout: float) -> None:
        """Load what is on the disk as it is, for a model that is not ours; timeout in seconds."""

    def unload(self, action: Unload) -> None:
        """Unload and wait until it is gone."""


def _wanted(_step: Step) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """All that the executor works with: the volume, the servers by their URL, and how it waits and retries.

    `wanted`: whether a step is still wanted by anybody, asked as often as whether the whole run was cancelled.
    """

    volume: Volume
    servers: Mapping[str, Server]
    attempts: Attempts
    reporter: Reporter
    wanted: Callable[[Step], bool] = _wanted

    def attempts_at(self, step: Step) -> Attempts:
        """How it waits and retries at one step."""
        return replace(self.attempts, cancelled=lambda: self.attempts.cancelled() or not self.wanted(step))
