"""What the library does. The clock and the process's environment enter here, as they do at the command line."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

from reconciler import reconcile
from reconciler.adapters import gitrepo
from reconciler.api import told
from reconciler.api.values import Applied, Plan, Request, Status, Validation
from reconciler.core.parsing.parse import parse
from reconciler.core.progress import Silent
from reconciler.core.trust.signers import key_folders
from reconciler.passes.options import Options
from reconciler.render import problems


def plan(request: Request) -> Plan:
    """What would be done; changes nothing.

    Raises ReconcileError where git or the volume cannot be read at all, or the request does not fit (UsageError). A
    server or source that cannot be reached makes the plan incomplete instead.
    """
    return told.plan(reconcile.look(_options(request), now=_now()))


def apply(
    request: Request,
    *,
    confirm: Callable[[Plan], bool] = lambda _: True,
    cancelled: Callable[[], bool] = lambda: False,
) -> Applied:
    """Plans and carries out. What fails on the way is an outcome, and blocks only what depends on it.

    `confirm` sees the plan before anything is done; `cancelled` is asked, from several threads, whether to come to an
    end. Raises ReconcileError where a run cannot begin: LockedError where another one is at work, RefusedError where it
    is not confirmed or a commit is not trusted. A plan that is refused comes back with its refusal, and no outcomes.
    """
    report = reconcile.apply(
        _options(request),
        reporter=Silent(),
        confirm=lambda seen: confirm(told.plan(seen)),
        cancelled=cancelled,
        now=_now(),
    )
    return told.applied(report)


def status(request: Request) -> Status:
    """What is desired, on disk and loaded, and why not. Raises ReconcileError as `plan` does."""
    return told.status(reconcile.look(_options(request), now=_now()))


def validate(repo: str = ".", *, ref: str | None = None, path: str = "") -> Validation:
    """Checks all files of a repository, without volume or server. Raises ReconcileError if it cannot be read."""
    access = gitrepo.access_from(os.environ)
    found = gitrepo.read(repo, ref=ref, path=path, access=access, further=key_folders)
    desired = parse(found.files, revision=found.revision, message=found.message, root=found.root)
    return Validation(models=len(desired.models), problems=problems.of(desired))


def _now() -> datetime:
    return datetime.now(UTC)


def _options(request: Request) -> Options:
    return Options(
        repo=request.repo,
        ref=request.ref,
        path=request.path,
        require_fresh=request.require_fresh,
        target=request.target,
        servers=request.servers,
        no_server=request.server_none,
        volume=request.volume,
        models=request.models,
        adopt=request.adopt,
        allow_removals=request.allow_removals,
        timeout=request.timeout,
        environment=os.environ if request.environment is None else request.environment,
    )
