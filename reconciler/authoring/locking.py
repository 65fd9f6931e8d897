"""`reconcile lock`: what each model's sources hold, as a lock beside its file; or whether the locks are true."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.adapters import gitrepo
from reconciler.adapters.sources import NOTHING, Remembered, Sources, measure
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.parsing import parse
from reconciler.core.parsing.lock import lock_file, lock_text
from reconciler.core.parsing.lock_report import Locked, Locking, LockReport
from reconciler.core.parsing.locking import (
    Found,
    compared,
    problems_left,
    to_lock,
    told,
    unusable,
    with_old_lock,
)
from reconciler.core.spec import ModelSpec, Source

_AT_ONCE = 4
"""Models looked at side by side; of each, several files are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a command line asks for: these models of the repository, or all.

    `volume`: one that may remember digests, so that less is read. `environment`: where credentials profiles find their
    secrets; never shown. `check`: nothing is written.
    """

    repo: str
    path: str = ""
    models: tuple[str, ...] = ()
    check: bool = False
    volume: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    order: Order
    root: str
    files: Mapping[str, bytes]
    sources: Sources
    volume: Volume | None


def lock(order: Order) -> LockReport:
    """Writes or checks locks. Raises ReconcileError where the repository (or the volume) is no use."""
    root = gitrepo.folder_of(order.repo, order.path)
    checkout = gitrepo.read(order.repo, path=order.path)
    desired = parse.parse(checkout.files, revision=checkout.revision, root=checkout.root, locking=True)
    chosen = to_lock(desired, order.models)
    credentials = desired.repository.credentials
    sources = Sources(credentials, order.environment)
    volume = order.volume and Volume(order.volume, sources=Sources(credentials, order.environment))
    work = _Work(order=order, root=root, files=checkout.files, sources=sources, volume=volume or None)
    try:
        with ThreadPoolExecutor(_AT_ONCE, "model") as pool:
            found = tuple(pool.map(lambda model: _one(work, model), chosen))
    finally:
        sources.close()
    strict = parse.parse(checkout.files, revision=checkout.revision, root=checkout.root)
    return LockReport(models=found, problems=problems_left(desired, strict))


def _one(work: _Work, model: ModelSpec) -> Locked:
    file = lock_file(model.file)
    content, fitted, faults = with_old_lock(model, work.files)
    if work.order.check and fitted is None:
        return unusable(model, file, faults)
    try:
        found = _measured(work, fitted or model)
        if work.order.check:
            return compared(fitted or model, found)
        return told(model, found, _kept(work, model, found, content))
    except ReconcileError as error:
        return Locked(model=model.name, file=file, state=Locking.FAILED, reason=error.reason, message=str(error))


def _measured(work: _Work, model: ModelSpec) -> Found:
    return {
        key: measure(work.sources.store(source), source, _remembered(work, source), work.order.cancelled)
        for key, source in model.sources().items()
    }


def _remembered(work: _Work, source: Source) -> Remembered:
    return NOTHING if work.volume is None else work.volume.remembered(source)


def _kept(work: _Work, model: ModelSpec, found: Found, before: bytes | None) -> Locking:
    try:
        content = lock_text(model, found)
    except ValueError as error:
        raise TerminalError(Reason.PREFLIGHT_FAILED, f"this cannot be locked: {error}") from error
    if content == before:
        return Locking.UNCHANGED
    if work.order.cancelled():
        raise TerminalError(Reason.CANCELLED, "stopped on request")
    gitrepo.write_file(work.root, lock_file(model.file), content)
    return Locking.WRITTEN
