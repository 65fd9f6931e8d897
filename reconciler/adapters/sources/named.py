"""Settings that a store's own tools read from the environment; a profile's `fromEnv: PREFIX_` goes before each name."""

from collections.abc import Mapping

from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials


def found(names: Mapping[str, tuple[str, ...]], profile: Credentials, environment: Mapping[str, str]) -> dict[str, str]:
    """The value of each setting whose variable is set. Raises TerminalError if a profile has none of its variables."""
    prefix = profile.from_env or ""
    values = {setting: first(environment, [prefix + name for name in each]) for setting, each in names.items()}
    settings = {setting: value for setting, value in values.items() if value is not None}
    if profile.from_env is not None and not settings:
        raise missing([prefix + each[0] for each in names.values()], prefix)
    return settings


def first(environment: Mapping[str, str], names: list[str]) -> str | None:
    """The first of these variables that is set to something."""
    return next((environment[name] for name in names if environment.get(name)), None)


def missing(names: list[str], prefix: str) -> TerminalError:
    """A profile's variables are not there."""
    words = f"the environment has no {' and no '.join(names)}"
    hint = f"Set them: a credentials profile of reconciler.yaml says `fromEnv: {prefix}`."
    return TerminalError(Reason.CREDENTIALS_MISSING, words, hint)
