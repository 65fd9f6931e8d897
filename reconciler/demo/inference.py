"""Inference requests as any client sends them: the Open Inference Protocol over HTTP."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback, never through a proxy
_PAUSE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request with one FP32 tensor and the answer that is right; version None for whichever is the latest."""

    model: str
    given: tuple[float, ...]
    right: tuple[float, ...]
    version: int | None = None

    @property
    def path(self) -> str:
        """The path of its URL."""
        version = "" if self.version is None else f"/versions/{self.version}"
        return f"/v2/models/{self.model}{version}/infer"


def ask(server: str, question: Question) -> tuple[float, ...] | str:
    """The values of OUT, or what the server said instead. `server` is its HTTP URL."""
    tensor = {"name": "IN", "datatype": "FP32", "shape": [len(question.given)], "data": question.given}
    request = urllib.request.Request(  # noqa: S310  our own server on loopback
        server + question.path, json.dumps({"inputs": [tensor]}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with _DIRECT.open(request, timeout=30) as response:
            return tuple(json.load(response)["outputs"][0]["data"])
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}: {json.load(error).get('error', '')}"


@dataclass(slots=True, kw_only=True)
class Traffic:
    """How many requests were sent, and what the failed ones got."""

    sent: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def traffic(server: str, question: Question) -> Iterator[Traffic]:
    """Asks the question again and again meanwhile; any numbers for an answer will do."""
    counted, over = Traffic(), threading.Event()

    def send() -> None:
        while not over.wait(_PAUSE):
            counted.sent += 1
            answer = ask(server, question)
            if isinstance(answer, str):
                counted.failures.append(answer)

    sender = threading.Thread(target=send, name="traffic")
    sender.start()
    try:
        yield counted
    finally:
        over.set()
        sender.join()
