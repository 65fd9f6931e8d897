"""The servers of a target, asked side by side what they serve."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from reconciler.adapters.names import resolved
from reconciler.adapters.triton.client import connect
from reconciler.core.observed import ServerView

AT_ONCE = 32
"""One that does not answer is waited for."""


def views(urls: Iterable[str], deadline: float) -> Mapping[str, ServerView]:
    """What each serves, by what it is called, within so many seconds, and a moment more for each model.

    Raises ReconcileError for what is no address.
    """
    found = resolved(urls)
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="look") as pool:
        servers = {name: stack.enter_context(connect(url)) for name, url in found.urls.items()}
        return {
            **found.silent,
            **dict(zip(servers, pool.map(lambda server: server.observe(deadline), servers.values()), strict=True)),
        }
