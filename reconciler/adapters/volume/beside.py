"""Work in a thread of its own, which can be left behind."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


def begun(work: Callable[[], None], name: str) -> Future[None]:
    """The work, which has begun; the process does not wait for it."""
    ended: Future[None] = Future()
    threading.Thread(target=_do, args=(work, ended), name=name, daemon=True).start()
    return ended


def _do(work: Callable[[], None], ended: Future[None]) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
        ended.set_exception(error)
    else:
        ended.set_result(None)
