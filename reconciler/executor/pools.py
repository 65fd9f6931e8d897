"""The threads that steps run in: small fetches never wait behind large ones, nor operations behind any."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.core.plan import Adopt, Fetch, Step

SMALL = 64 << 20
"""Bytes of a fetch that is over soon; one of unknown size counts as large."""

SMALL_FETCHES, LARGE_FETCHES = 4, 4

_MOST_OPERATIONS = 256
"""Threads are begun as they are needed; how many operations a server gets at once is decided by who gives them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Threads by what they are for."""

    small: Executor
    large: Executor
    operations: Executor

    def of(self, step: Step) -> Executor:
        """Where a step runs."""
        match step.action:
            case Fetch(size=size) | Adopt(size=size):
                return self.large if size is None or size > SMALL else self.small
            case _:
                return self.operations


@contextmanager
def pools() -> Iterator[Pools]:
    """Threads for one execution, or for many at the same time; waits for what runs at the end."""
    with (
        ThreadPoolExecutor(SMALL_FETCHES, thread_name_prefix="fetch-small") as small,
        ThreadPoolExecutor(LARGE_FETCHES, thread_name_prefix="fetch-large") as large,
        ThreadPoolExecutor(_MOST_OPERATIONS, thread_name_prefix="operation") as operations,
    ):
        yield Pools(small=small, large=large, operations=operations)
