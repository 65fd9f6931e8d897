"""The reading half of a pass: options, desired state, target, and what the last status remembers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from reconciler.adapters import gitrepo
from reconciler.adapters.volume import Limits
from reconciler.core import parse, status
from reconciler.core.errors import Reason, ReconcileError, RefusedError, UsageError
from reconciler.core.observed import Observed
from reconciler.core.placement import asked_for
from reconciler.core.removals import ours
from reconciler.core.schema_fields import is_target_name
from reconciler.core.signers import key_folders
from reconciler.core.spec import Desired, ModelSpec, Target
from reconciler.core.status import ModelStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a command line asks for; it wins over reconciler.yaml. Timeout in seconds, for one load.

    `no_server`: fetch and activate only. `limits`: of all fetches together. `environment`: where credentials profiles
    find their secrets; never shown.
    """

    repo: str = "."
    ref: str | None = None
    target: str | None = None
    servers: tuple[str, ...] = ()
    volume: str | None = None
    models: tuple[str, ...] = ()
    timeout: float | None = None
    allow_removals: int | None = None
    no_server: bool = False
    limits: Limits = field(default_factory=Limits)
    git_username: str = ""
    git_token: str | None = field(default=None, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def access(self) -> gitrepo.Access:
        """How to get into the git remote."""
        return gitrepo.Access(username=self.git_username, token=self.git_token)


def read_desired(options: Options, cache: str | None) -> Desired:
    """The desired state at the ref. Raises ReconcileError where the repository cannot be read or must not be used."""
    checkout = gitrepo.read(options.repo, ref=options.ref, cache=cache, access=options.access(), further=key_folders)
    desired = parse.parse(checkout.files, revision=checkout.revision, message=checkout.message, root=checkout.root)
    if desired.repository.policy.verify_commits != "none":
        message = "reconciler.yaml asks to verify commits (policy.verifyCommits), which this version cannot do yet"
        raise RefusedError(Reason.COMMIT_NOT_VERIFIED, message, "nothing is trusted until it can; or set mode: none")
    if options.timeout is None:
        return desired
    models = {
        name: replace(model, load=replace(model.load, timeout=options.timeout))
        for name, model in desired.models.items()
    }
    return replace(desired, models=models)


def asked_of(desired: Desired, target: Target, options: Options) -> Collection[ModelSpec]:
    """The models that a pass is about: only their sources are looked at."""
    return asked_for(desired, target, options.models).values()


def check_models(desired: Desired, observed: Observed, options: Options) -> None:
    """Raises UsageError for a MODEL that is neither in git nor there as one of ours, which could be removed."""
    unknown = sorted(set(options.models) - desired.models.keys() - desired.rejected.keys() - ours(observed))
    if unknown and not desired.problems:
        hint = f"the repository has: {', '.join(sorted(desired.models)) or 'no models'}"
        raise UsageError(Reason.USAGE, f"there is no model called {', '.join(unknown)}", hint)


def chosen_target(desired: Desired, options: Options) -> Target:
    """The target that flags and reconciler.yaml name. Raises UsageError where they name none or too little."""
    target = _named(desired.repository.targets, options)
    target = replace(target, volume=options.volume or target.volume)
    target = replace(target, servers=() if options.no_server else options.servers or target.servers)
    if not target.volume:
        raise _lacking(desired, "no model volume is named", "give --volume DIR, or `volume` of a target")
    if not target.servers and not options.no_server:
        hint = "give --server grpc://host:8001, or --server none to fetch and activate only"
        raise _lacking(desired, "no server is named", hint)
    return target


def _named(targets: Mapping[str, Target], options: Options) -> Target:
    if options.target is not None and targets and options.target not in targets:
        hint = f"reconciler.yaml has: {', '.join(sorted(targets))}"
        raise UsageError(Reason.USAGE, f"there is no target called {options.target}", hint)
    if options.target is not None and not is_target_name(options.target):
        hint = "a target's name has letters, digits, '.', '_' and '-' only, and is a folder of the status branch"
        raise UsageError(Reason.USAGE, f"{options.target!r} is no name of a target", hint)
    if options.target is None and len(targets) > 1:
        raise UsageError(Reason.USAGE, f"there are several targets: {', '.join(sorted(targets))}", "give --target NAME")
    name = options.target or next(iter(targets), "default")
    return targets.get(name, Target(name=name))


def _lacking(desired: Desired, message: str, hint: str) -> ReconcileError:
    """A broken reconciler.yaml may be why nothing is named: then its problems are what to tell."""
    if desired.problems:
        return ReconcileError(Reason.INVALID, "\n".join(str(problem) for problem in desired.problems), hint)
    return UsageError(Reason.USAGE, message, hint)


def read_statuses(desired: Desired, target: Target, options: Options, cache: str | None) -> dict[str, ModelStatus]:
    """What the status branch says of this target, empty where there is no branch (or no repository to keep one)."""
    if not gitrepo.can_publish(options.repo):
        return {}
    branch = desired.repository.status_branch
    files = gitrepo.read_branch(options.repo, branch, prefix=target.name, cache=cache, access=options.access())
    return dict(status.from_files(files or {}))
