"""Which target and which models a pass is about."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.core import nearest
from reconciler.core.errors import Reason, ReconcileError, UsageError
from reconciler.core.judging.placement import asked_for, selects
from reconciler.core.judging.removals import ours
from reconciler.core.names import is_target_name
from reconciler.core.observed import Observed
from reconciler.core.spec import Desired, ModelSpec, Target
from reconciler.passes.options import Options


class UnknownModelsError(UsageError):
    """A MODEL that is neither in git nor on the volume: it may have been meant as something else."""


def asked_of(desired: Desired, target: Target, options: Options) -> Collection[ModelSpec]:
    """The models that a pass is about: only their sources are looked at."""
    return asked_for(desired, target, options.models).values()


def with_models(desired: Desired, target: Target, options: Options) -> Options:
    """The options with the names of what their labels select. Raises UsageError where that is nothing."""
    if options.labels is None:
        return options
    candidates = asked_for(desired, target, ())
    names = tuple(sorted(name for name, spec in candidates.items() if selects(options.labels, spec.labels)))
    if not names:
        hint = "labels are under metadata.labels of each model"
        raise UsageError(Reason.USAGE, f"no model of target {target.name} has such labels", hint)
    return replace(options, models=names)


def check_models(desired: Desired, observed: Observed, options: Options) -> None:
    """Raises UsageError for a MODEL that is neither in git nor there as one of ours, which could be removed."""
    unknown = sorted(set(options.models) - desired.models.keys() - desired.rejected.keys() - ours(observed))
    if unknown and not desired.problems:
        raise unknown_models(unknown, desired)


def unknown_models(names: Collection[str], desired: Desired) -> UnknownModelsError:
    """What is said about models that nobody knows."""
    hint = nearest.hint(names, {*desired.models, *desired.rejected}, "the repository has", "no models")
    return UnknownModelsError(Reason.USAGE, f"there is no model called {', '.join(names)}", hint)


def check_adopted(desired: Desired, target: Target, options: Options) -> None:
    """Raises UsageError for a directory that is to be taken over for a model that git does not have."""
    wanted = {*asked_for(desired, target, options.models), *desired.rejected}
    unknown = sorted(set(options.adopt) - wanted)
    if unknown and not desired.problems:
        hint = "`reconcile import triton` writes files for what a server has"
        message = f"there is no model in git for target {target.name} to take over {', '.join(unknown)} for"
        raise UsageError(Reason.USAGE, message, hint)


def chosen_target(desired: Desired, options: Options) -> Target:
    """The target that flags and reconciler.yaml name. Raises UsageError where they name none or too little."""
    target = named_target(desired, options)
    if not target.volume:
        raise _lacking(desired, "no model volume is named", "give --volume DIR, or `volume` of a target")
    if not target.servers and not options.no_server:
        hint = "give --server grpc://host:8001, or --server none to fetch and activate only"
        raise _lacking(desired, "no server is named", hint)
    return target


def named_target(desired: Desired, options: Options) -> Target:
    """The same, with or without a volume and servers. Raises UsageError where nothing says which."""
    target = _named(desired.repository.targets, options)
    servers = () if options.no_server else options.servers or target.servers
    return replace(target, volume=options.volume or target.volume, servers=servers)


def _named(targets: Mapping[str, Target], options: Options) -> Target:
    if options.target is not None and targets and options.target not in targets:
        hint = nearest.hint([options.target], targets, "reconciler.yaml has", "no targets")
        raise UsageError(Reason.USAGE, f"there is no target called {options.target}", hint)
    if options.target is not None and not is_target_name(options.target):
        hint = "a target's name has letters, digits, '.', '_' and '-' only, and is a folder of the status branch"
        raise UsageError(Reason.USAGE, f"{options.target!r} is no name of a target", hint)
    if options.target is None and len(targets) > 1:
        raise UsageError(Reason.USAGE, f"there are several targets: {nearest.listed(targets)}", "give --target NAME")
    name = options.target or next(iter(targets), "default")
    return targets.get(name, Target(name=name))


def _lacking(desired: Desired, message: str, hint: str) -> ReconcileError:
    """A broken reconciler.yaml may be why nothing is named: then its problems are what to tell."""
    if desired.problems:
        return ReconcileError(Reason.INVALID, "\n".join(str(problem) for problem in desired.problems), hint)
    return UsageError(Reason.USAGE, message, hint)
