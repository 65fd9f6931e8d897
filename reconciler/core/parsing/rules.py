"""What a model must keep to beyond its schema: its own name, the repository's policy, probes that add up."""

from collections.abc import Iterator, Mapping
from typing import cast

from reconciler.core.checking.checked import Checked
from reconciler.core.checking.conformance import suggestion
from reconciler.core.checking.nodes import Path, described, quoted
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json
from reconciler.core.locations import is_below, is_relative, resolved
from reconciler.core.parsing import priority, rules_config, rules_probe
from reconciler.core.parsing.parse_repository import Settings
from reconciler.core.trust.signers import key_faults

_POLICY = "of reconciler.yaml"


def broken_rules(checked: Checked, stem: str, settings: Settings, *, locked: bool) -> Iterator[Problem]:
    """Every fault of a model that its schema cannot see. `locked`: its lock says which bytes are meant."""
    yield from _name(checked, stem)
    yield from _dependencies(checked, stem)
    yield from priority.faults(checked)
    yield from rules_config.unfit_config(checked, "spec", "config")
    yield from rules_config.stamped(checked, "spec", "config")
    name = checked.sound("spec", "config", "name")
    if isinstance(name, str) and name != stem:
        yield checked.fault(("spec", "config", "name"), quoted(name), f"{quoted(stem)}, or no name here")
    yield from policy_faults(checked, settings, locked=locked)
    yield from rules_probe.misfits(checked)


def policy_faults(checked: Checked, settings: Settings, *, locked: bool) -> Iterator[Problem]:
    """The faults that follow from more than the file itself: from the policy, and from where the repository lies."""
    for path in _source_paths(checked):
        yield from _location(checked, path, settings)
        yield from _credentials(checked, path, settings)
        if not locked:
            yield from _digest(checked, path, settings)


def broken_defaults(checked: Checked, files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Every fault of reconciler.yaml, and of the files that it names, that its schema cannot see."""
    yield from rules_config.unfit_config(checked, "spec", "defaults", "config")
    yield from rules_config.stamped(checked, "spec", "defaults", "config")
    yield from key_faults(checked, files)


def _name(checked: Checked, stem: str) -> Iterator[Problem]:
    name = checked.sound("metadata", "name")
    if isinstance(name, str) and name != stem:
        yield checked.fault(("metadata", "name"), quoted(name), f"{quoted(stem)}, as the file is called")


def _dependencies(checked: Checked, stem: str) -> Iterator[Problem]:
    for index, name in enumerate(cast("list[Json]", checked.sound("spec", "dependsOn") or [])):
        if name == stem:
            yield checked.fault(("spec", "dependsOn", index), "the model itself", "other models")


def _source_paths(checked: Checked) -> Iterator[Path]:
    versions = checked.at("spec", "versions")
    numbers = versions if isinstance(versions, dict) else {}
    candidates: list[Path] = [("spec", "source"), *(("spec", "versions", number) for number in numbers)]
    yield from (path for path in candidates if isinstance(checked.at(*path), (str, dict)))


def _location(checked: Checked, path: Path, settings: Settings) -> Iterator[Problem]:
    path = path if isinstance(checked.at(*path), str) else (*path, "uri")
    written = checked.sound(*path)
    if not isinstance(written, str):
        return
    uri = resolved(written, settings.root)
    if written.startswith("~"):
        yield checked.fault(path, quoted(written), "an absolute path: a home depends on who runs this")
    elif is_relative(uri):
        expected = "an absolute path or a URL: a git repository read at a commit has no folder"
        yield checked.fault(path, f"the relative path {quoted(uri)}", expected)
    elif not _allowed(uri, settings):
        listed = ", ".join(settings.repository.policy.allowed_sources or ()) or "nothing at all"
        yield checked.fault(path, described(uri, None), f"a source below {listed} (policy.allowedSources {_POLICY})")


def _allowed(uri: str, settings: Settings) -> bool:
    prefixes = settings.repository.policy.allowed_sources
    return prefixes is None or any(is_below(uri, resolved(prefix, settings.root)) for prefix in prefixes)


def _credentials(checked: Checked, path: Path, settings: Settings) -> Iterator[Problem]:
    profile = checked.sound(*path, "credentials")
    known = list(settings.repository.credentials)
    if isinstance(profile, str) and profile not in known and not settings.broken:
        expected = suggestion(profile, known) if known else f"a credentials profile {_POLICY}, which has none"
        yield checked.fault((*path, "credentials"), quoted(profile), expected)


def _digest(checked: Checked, path: Path, settings: Settings) -> Iterator[Problem]:
    if settings.repository.policy.require_digest and checked.at(*path, "digest") is None:
        expected = f"a digest, sha256:…, or a lock by `reconcile lock` (policy.requireDigest {_POLICY})"
        yield checked.fault(path, "a source without a digest", expected)
