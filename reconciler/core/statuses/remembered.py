"""The world as the last committed status tells it: for a plan without the volume, the servers and the sources.

Promise: what the status does not tell is not guessed. Whether a model would change is known where all that decides is
pinned (a lock, digests) or where something certainly differs; everything else is said to be unknown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.artifact import DEPENDS_ON, Remembered
from reconciler.core.configs.assembly import settings_digest
from reconciler.core.content import AsBefore, Content, Known, NotRead, Unfetched
from reconciler.core.digest import Digest, FileDigest, Generation
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.observed import (
    Active,
    Entry,
    ForeignEntry,
    Observed,
    Served,
    ServerView,
    Serving,
    Unreachable,
    VersionState,
    VolumeView,
)
from reconciler.core.servers import called, is_name
from reconciler.core.spec import Desired, ModelSpec, Target
from reconciler.core.statuses.status import Kind, ModelStatus, Truth, stalled

_UNPINNED = "what its source holds now is not known without reading it; a lock or a digest would pin it"
_NEVER = "no status of this target was ever committed, so nobody knows what is there"
_UNREADABLE = "the file of its status cannot be read"
_SILENT = "the last status does not tell what it serves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of a target: its statuses, None where none was ever committed; `unreadable`: models."""

    statuses: Mapping[str, ModelStatus] | None
    unreadable: frozenset[str] = field(default=frozenset())


def recalled(desired: Desired, target: Target, models: Iterable[ModelSpec], memory: Memory) -> Observed:
    """The world as it is remembered; `models` are those that the plan is about."""
    statuses = memory.statuses or {}
    return Observed(
        volume=VolumeView(entries=dict(_entries(statuses.values()))),
        servers=_servers(target, statuses) if memory.statuses is not None else {},
        contents={spec.name: _content(spec, desired, memory) for spec in models},
        stalled=stalled(statuses),
        before=active_before(statuses),
        remembered=True,
    )


def active_before(previous: Mapping[str, ModelStatus]) -> Mapping[str, Generation | None]:
    """What each model's link named, as the last status remembers it."""
    return {name: status.active for name, status in previous.items()}


def tree_of(status: ModelStatus, generation: Generation) -> Remembered:
    """What is known of a model's tree: which versions it has and what it calls."""
    calls: JsonObject = {DEPENDS_ON: {"string_value": ",".join(sorted(status.needs))}}
    config: JsonObject = {"name": status.name, "version_policy": {"all": {}}, "parameters": calls}
    directories = tuple(str(version) for version in status.versions)
    return Remembered(files=(), config=config, directories=directories, known_as=generation)


def _entries(statuses: Iterable[ModelStatus]) -> Iterator[tuple[str, Entry]]:
    for status in statuses:
        ready = status.conditions.get(Kind.READY)
        if status.active is not None:
            tree = tree_of(status, status.active)
            yield status.name, Active(generation=status.active, tree=tree, damage=_damage(status))
        elif ready is not None and ready.reason is Reason.FOREIGN and not status.served:
            yield status.name, ForeignEntry(kind="something")


def _damage(status: ModelStatus) -> tuple[str, ...]:
    fetched = status.conditions.get(Kind.FETCHED)
    damaged = fetched is not None and fetched.reason is Reason.TREE_DAMAGED
    return (fetched.message,) if fetched is not None and damaged else ()


def _servers(target: Target, statuses: Mapping[str, ModelStatus]) -> dict[str, ServerView]:
    """The target's servers, or those of the status where the target names none."""
    told = {server for status in statuses.values() for server in (*status.servers, *status.served)}
    silent = Unreachable(reason=Reason.SERVER_UNREACHABLE, message=_SILENT)
    named = [called(url) for url in target.servers if not is_name(url)]
    names = named if named and len(named) == len(target.servers) else sorted({*named, *told})
    return {server: _view(server, statuses) if server in told else silent for server in names}


def _view(server: str, statuses: Mapping[str, ModelStatus]) -> Serving:
    up = {name: status for name, status in statuses.items() if server in status.served}
    strangers = {name for status in up.values() for name in status.needs} - statuses.keys()
    foreign = {name: Served(versions=_ready((1,))) for name in strangers}
    return Serving(models={**foreign, **{name: _served(status, server) for name, status in up.items()}})


def _served(status: ModelStatus, server: str) -> Served:
    members = frozenset(status.members)
    return Served(versions=_ready(status.versions), generation=status.served[server], members=members)


def _ready(versions: tuple[int, ...]) -> tuple[VersionState, ...]:
    return tuple(VersionState(version=version, state="READY") for version in versions)


def _content(spec: ModelSpec, desired: Desired, memory: Memory) -> Content:
    if memory.statuses is None:
        return NotRead(reason=Reason.NO_STATUS, message=_NEVER)
    if spec.name in memory.unreadable:
        return NotRead(reason=Reason.NOT_COMPARED, message=_UNREADABLE)
    before = memory.statuses.get(spec.name)
    if all(source.locked is not None for source in spec.sources().values()):
        unseen = desired.repository.policy.model_signers is not None and not _same(spec, before)
        return Unfetched(size=None) if unseen else _locked(spec, before)
    if before is None or before.active is None:
        return Unfetched(size=None)
    return _compared(spec, desired, before)


def _compared(spec: ModelSpec, desired: Desired, before: ModelStatus) -> Content:
    """By digests alone: something certainly is another, all certainly is as it was, or nobody knows."""
    settings = settings_digest(spec, desired.repository.default_config)
    if before.settings not in (None, settings) or _moved(spec, before):
        return Unfetched(size=None)
    if _same(spec, before) and before.settings is not None and before.generation is not None:
        return AsBefore(tree=tree_of(before, before.generation))
    return NotRead(reason=Reason.NOT_COMPARED, message=_UNPINNED)


def _pins(spec: ModelSpec) -> dict[str, Digest | None]:
    return {
        _key(key): source.digest if source.locked is None else source.locked.digest
        for key, source in spec.sources().items()
    }


def _same(spec: ModelSpec, before: ModelStatus | None) -> bool:
    return before is not None and before.digests == _pins(spec)


def _moved(spec: ModelSpec, before: ModelStatus) -> bool:
    pairs = [(pin, before.digests.get(key)) for key, pin in _pins(spec).items()]
    return any(pin != then for pin, then in pairs if pin is not None and then is not None)


def _key(key: int | None) -> str:
    return "source" if key is None else str(key)


def _locked(spec: ModelSpec, before: ModelStatus | None) -> Known:
    """As the lock has it; the files of a source that was not fetched as it is now are to be fetched."""
    locks = {key: source.locked for key, source in spec.sources().items() if source.locked is not None}
    fetched = before.digests if before is not None and _is_fetched(before) else {}
    here = [lock.content for key, lock in locks.items() if fetched.get(_key(key)) == lock.digest]
    files = {key: lock.content for key, lock in locks.items()}
    configs = locks[None].configs if None in locks else {}
    return Known(files=files, configs=configs, missing=_digests(files.values()) - _digests(here))


def _digests(contents: Iterable[tuple[FileDigest, ...]]) -> frozenset[Digest]:
    return frozenset(file.digest for files in contents for file in files)


def _is_fetched(status: ModelStatus) -> bool:
    fetched = status.conditions.get(Kind.FETCHED)
    return fetched is not None and fetched.status is Truth.TRUE
