"""Events to a receiver, as CloudEvents' HTTP binding has it: structured, binary, or many in one request."""

import hashlib
import hmac
import json
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence

from reconciler.adapters.notices.bounded import Timing
from reconciler.adapters.notices.settings import Mode, Receiver
from reconciler.adapters.notices.wire import Request, Wire
from reconciler.core.errors import ReconcileError, TerminalError
from reconciler.core.jsonvalue import Json, JsonObject

_TOGETHER = 100
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""What stays as it is in a header; all else is percent-encoded."""


def deliver(receiver: Receiver, events: Sequence[JsonObject], timing: Timing, bundle: str | None = None) -> None:
    """All of them in order; one that is refused does not keep the others. Raises the first failure, with how many."""
    undelivered = 0
    first: ReconcileError | None = None
    requests = [(count, _request(receiver, body, headers)) for count, body, headers in _parts(receiver.mode, events)]
    with Wire(receiver.shown, timing, bundle) as wire:
        for place, (count, request) in enumerate(requests):
            try:
                wire.send(request)
            except TerminalError as error:
                undelivered, first = undelivered + count, first or error
            except ReconcileError as error:
                undelivered, first = undelivered + sum(each for each, _ in requests[place:]), first or error
                break
    if first is not None:
        message = f"{first.message} ({undelivered} of {len(events)} events were not delivered)"
        raise type(first)(first.reason, message, first.hint) from first


def _parts(mode: Mode, events: Sequence[JsonObject]) -> Iterator[tuple[int, bytes, Mapping[str, str]]]:
    match mode:
        case Mode.STRUCTURED:
            yield from ((1, _json(event), _typed("application/cloudevents+json")) for event in events)
        case Mode.BINARY:
            yield from ((1, _json(event["data"]), _attributes(event)) for event in events)
        case Mode.BATCH:
            for start in range(0, len(events), _TOGETHER):
                some = list(events[start : start + _TOGETHER])
                yield len(some), _json([*some]), _typed("application/cloudevents-batch+json")


def _request(receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> Request:
    """Signed as GitHub signs its webhooks, which every receiver has a library for."""
    told = {"User-Agent": "reconcile", **headers}
    if receiver.token is not None:
        told["Authorization"] = f"Bearer {receiver.token}"
    if receiver.secret is not None:
        digest = hmac.new(receiver.secret.encode(), body, hashlib.sha256).hexdigest()
        told["X-Hub-Signature-256"] = f"sha256={digest}"
    return Request(method="POST", url=receiver.url, headers=told, body=body)


def _typed(kind: str) -> Mapping[str, str]:
    return {"Content-Type": f"{kind}; charset=utf-8"}


def _attributes(event: JsonObject) -> Mapping[str, str]:
    names = event.keys() - {"data", "datacontenttype"}
    told = {f"ce-{name}": urllib.parse.quote(str(event[name]), safe=_PLAIN) for name in sorted(names)}
    return {"Content-Type": str(event["datacontenttype"]), **told}


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
