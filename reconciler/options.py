"""What a command line asks of a pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.adapters import gitrepo
from reconciler.adapters.volume import Limits
from reconciler.core.spec import CommitSigners, Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a command line asks for; it wins over reconciler.yaml. Timeout in seconds, for one load.

    `labels`: only the models that these select, as if they had been named. `no_server`: fetch and activate only.
    `adopt`: models whose foreign directories are taken over. `pinned`: who must have signed the commit, whatever git
    says of it; None to let git say it. `limits`: of all fetches together. `environment`: where credentials profiles
    find their secrets; never shown.
    """

    repo: str = "."
    ref: str | None = None
    target: str | None = None
    servers: tuple[str, ...] = ()
    volume: str | None = None
    models: tuple[str, ...] = ()
    labels: Selector | None = None
    timeout: float | None = None
    allow_removals: int | None = None
    no_server: bool = False
    adopt: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    git_username: str = ""
    git_token: str | None = field(default=None, repr=False)
    pinned: CommitSigners | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def access(self) -> gitrepo.Access:
        """How to get into the git remote."""
        return gitrepo.Access(username=self.git_username, token=self.git_token)
