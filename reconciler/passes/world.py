"""One target's volume and servers, looked at side by side."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Self

from reconciler.adapters.names import resolved
from reconciler.adapters.sources import Sources
from reconciler.adapters.triton.client import Triton, connect
from reconciler.adapters.volume import Limits, mounted
from reconciler.core.memo import Memo
from reconciler.core.observed import Observed, StalledAt, Unreachable
from reconciler.core.spec import Desired, ModelSpec, Target

AT_ONCE = 8
"""Sources looked at side by side, and four times as many servers: one that does not answer is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One target's volume and connections to its servers by what they are called.

    `silent`: names of servers that have no address. `memo`: what was worked out before.
    """

    volume: mounted.Volume
    servers: Mapping[str, Triton]
    silent: Mapping[str, Unreachable] = field(default_factory=dict)
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

    def remembering(self, memo: Memo) -> Self:
        """The same, looked at with what was worked out before."""
        return replace(self, memo=memo)

    def observe(
        self, models: Iterable[ModelSpec], stalled: Mapping[str, StalledAt], adopt: frozenset[str] = frozenset()
    ) -> Observed:
        """Everything afresh, these sources too. A server or source that cannot be read is a value of its own.

        `adopt`: models whose foreign directories are to be taken over.
        """
        resolve = self.volume.resolve
        with _pool("look", AT_ONCE * 4) as looks, _pool("observe", AT_ONCE) as pool:
            views = {url: looks.submit(server.observe) for url, server in self.servers.items()}
            contents = {model.name: pool.submit(resolve, model, adopting_it=model.name in adopt) for model in models}
            volume = self.volume.observe(self.memo)
            return Observed(
                volume=volume,
                servers={**self.silent, **{url: future.result() for url, future in views.items()}},
                contents={name: future.result() for name, future in contents.items()},
                stalled=stalled,
            )


def _pool(name: str, most: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(most, thread_name_prefix=name)


@contextmanager
def opened(
    target: Target, desired: Desired, environment: Mapping[str, str], limits: Limits, *, verify: bool = False
) -> Iterator[World]:
    """The target's volume and servers, closed afterwards; `verify`: whatever is on the volume is read.

    Raises ReconcileError for what can never work.
    """
    repository = desired.repository
    volume = mounted.Volume(
        target.volume,
        sources=Sources(repository.credentials, environment),
        signers=repository.policy.model_signers,
        limits=limits,
    )
    if verify:
        volume.read_all()
    with ExitStack() as stack:
        stack.callback(volume.close)
        found, servers = resolved(target.servers), {}
        for name, url in found.urls.items():
            servers[name] = connect(url)
            stack.callback(servers[name].close)
        yield World(volume=volume, servers=servers, silent=found.silent)
