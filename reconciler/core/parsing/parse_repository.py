"""reconciler.yaml, checked, as frozen values (spec §2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from reconciler.core import quantities
from reconciler.core.checking import fields
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.memo import Memo
from reconciler.core.parsing.freeze import windows_of
from reconciler.core.selector import Operator, Requirement, Selector
from reconciler.core.spec import Credentials, MaxRemovals, Policy, Repository, Target
from reconciler.core.trust import commit_signers, signers


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every model is read with.

    `load` and `update` are defaults as they were written. `broken` are the faults of reconciler.yaml: while there are
    any, policy and defaults are unknown, so no model may be acted on. `root`, `locking` and `memo` as in parse.
    """

    repository: Repository = field(default_factory=Repository)
    load: JsonObject = field(default_factory=dict)
    update: str = "auto"
    root: str | None = None
    broken: tuple[Problem, ...] = ()
    locking: bool = False
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)


def settings_of(value: JsonObject, root: str | None, files: Mapping[str, bytes]) -> Settings:
    """The settings in a checked document of kind Repository; `files` are those of the configuration, for its keys."""
    spec = fields.mapping(value, "spec")
    defaults = fields.mapping(spec, "defaults")
    return Settings(
        repository=commit_signers.with_signers(
            signers.with_keys(_repository(spec, fields.mapping(defaults, "config")), files), files
        ),
        load=fields.mapping(defaults, "load"),
        update=fields.text(defaults, "update") or "auto",
        root=root,
    )


def _repository(spec: JsonObject, config: JsonObject) -> Repository:
    credentials = cast("dict[str, JsonObject]", fields.mapping(spec, "credentials"))
    targets = cast("dict[str, JsonObject]", fields.mapping(spec, "targets"))
    status = fields.mapping(spec, "status")
    return Repository(
        default_config=config,
        policy=_policy(fields.mapping(spec, "policy")),
        credentials={name: _credentials(profile) for name, profile in sorted(credentials.items())},
        targets={name: _target(name, target) for name, target in sorted(targets.items())},
        status_branch=fields.text(status, "branch") or Repository().status_branch,
        commit_url=fields.text(status, "commitUrl"),
    )


def _credentials(profile: JsonObject) -> Credentials:
    return Credentials(
        endpoint_url=fields.text(profile, "endpointUrl"),
        profile=fields.text(profile, "profile"),
        from_env=fields.text(profile, "fromEnv"),
    )


def _policy(policy: JsonObject) -> Policy:
    return Policy(
        allowed_sources=fields.texts(policy, "allowedSources") if "allowedSources" in policy else None,
        require_digest=fields.flag(policy, "requireDigest", default=False),
        max_removals=_max_removals(policy.get("maxRemovals")),
        allow_empty=fields.flag(policy, "allowEmpty", default=False),
        freeze=windows_of(policy),
        commit_signers=commit_signers.commit_signers(policy.get("verifyCommits")),
        model_signers=signers.signers(policy.get("verifyModels")),
    )


def _max_removals(value: Json) -> MaxRemovals | None:
    if value is None:
        return None
    if isinstance(value, str):
        return MaxRemovals(percent=quantities.percentage(value))
    return MaxRemovals(count=int(cast("float", value)))


def _target(name: str, target: JsonObject) -> Target:
    return Target(
        name=name,
        servers=fields.texts(target, "servers"),
        volume=fields.text(target, "volume") or "",
        selector=_selector(fields.mapping(target, "selector")),
        capacity=fields.resources(fields.mapping(target, "capacity")),
        backends=fields.texts(target, "backends") if "backends" in target else None,
    )


def _selector(selector: JsonObject) -> Selector:
    return Selector(
        match_labels=fields.named_texts(selector, "matchLabels"),
        match_expressions=tuple(_requirement(value) for value in fields.mappings(selector, "matchExpressions")),
    )


def _requirement(value: JsonObject) -> Requirement:
    operator = Operator(cast("str", value["operator"]))
    return Requirement(key=cast("str", value["key"]), operator=operator, values=fields.texts(value, "values"))
