"""What a command line asks of a pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from reconciler.adapters import gitrepo
from reconciler.adapters.notices import Notices
from reconciler.adapters.volume import Limits, git_cache
from reconciler.core.selector import Selector
from reconciler.core.spec import CommitSigners
from reconciler.passes.tracing import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a command line asks for; it wins over reconciler.yaml. Timeout in seconds, for one load.

    `rooted`: at the ref, too, relative paths start from the work tree that the repository is. `path`: the folder of the
    repository that holds the configuration. `require_fresh`: a remote that cannot be reached ends the run. `labels`:
    only the models that these select, as if they had been named. `no_server`: fetch and activate only. `adopt`: models
    whose foreign directories are taken over. `verify`: everything on the volume is read, and what is damaged counts as
    missing. `pinned`: who must have signed the commit, whatever git says of it; None to let git say it. `limits`: of
    all fetches together. `notices`: who is told what came of it. `trace`: where its spans go. `environment`: where git
    and credentials profiles look.
    """

    repo: str = "."
    ref: str | None = None
    rooted: bool = False
    path: str = ""
    require_fresh: bool = False
    target: str | None = None
    servers: tuple[str, ...] = ()
    volume: str | None = None
    models: tuple[str, ...] = ()
    labels: Selector | None = None
    timeout: float | None = None
    allow_removals: int | None = None
    no_server: bool = False
    adopt: tuple[str, ...] = ()
    verify: bool = False
    limits: Limits = field(default_factory=Limits)
    pinned: CommitSigners | None = None
    notices: Notices = field(default_factory=Notices)
    trace: Trace = field(default_factory=Trace)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def traced(self, trace: Trace) -> Self:
        """The same, with spans that belong to this trace."""
        return replace(self, trace=trace)

    def access(self, volume: str | None, *, create: bool = False) -> gitrepo.Access:
        """How to get at the git remote, with the cache on a volume; `create`: one may be begun there.

        Raises TerminalError for a token's file that cannot be read.
        """
        return gitrepo.access_from(self.environment, git_cache(volume, create=create))
