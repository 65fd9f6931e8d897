"""A local stand-in for GitHub's API, and for a receiver of events: it checks what the real ones check.

As GitHub documents it: REST API, commit statuses, check runs, rate limits. `troubles` come first, one for each request.
"""

import contextlib
import hashlib
import hmac
import http.server
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN, SECRET = "ghs_0123456789s3cret", "hmac-s3cret"
STATES, CONCLUSIONS = {"error", "failure", "pending", "success"}, {"success", "failure", "neutral"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens instead of an answer: a status with headers, silence for seconds, or a connection that is reset."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "trouble"
    silence: float = 0.0
    drip: bool = False


@dataclass(slots=True, kw_only=True)
class Seen:
    """A request: who asked what, with which headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def signed(self) -> bool:
        """Whether the signature is that of the body."""
        digest = hmac.new(SECRET.encode(), self.body, hashlib.sha256).hexdigest()
        return self.headers.get("x-hub-signature-256") == f"sha256={digest}"


@dataclass(slots=True, kw_only=True)
class Stage:
    """The server's world. `commits` are those that were pushed to o/r; `app`: whether the token is one of an App."""

    url: str = ""
    commits: set[str] = field(default_factory=set)
    app: bool = False
    statuses: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def asked(self) -> list[str]:
        """Method and path of every request."""
        return [f"{seen.method} {seen.path.partition('?')[0]}" for seen in self.seen]

    def events(self) -> list[Seen]:
        """What came to the receiver."""
        return [seen for seen in self.seen if seen.path.startswith("/hook/")]


@contextlib.contextmanager
def stage(*commits: str, app: bool = False) -> Iterator[Stage]:
    """Listens on loopback: /api/v3 is the API, /hook/… is a receiver."""
    world = Stage(commits=set(commits), app=app)

    class Bound(_Forge):
        stage = world

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    server.daemon_threads = True
    world.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Forge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stage: Stage

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(method=self.command, path=self.path, headers=headers, body=body)
        self.stage.seen.append(seen)
        if self.stage.troubles:
            self._trouble(self.stage.troubles.pop(0))
        elif self.path.startswith("/hook/"):
            self._answer(202, {})
        else:
            self._answer(*_api(self.stage, seen))

    do_POST = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

    def _trouble(self, trouble: Trouble) -> None:
        if trouble.silence:
            time.sleep(trouble.silence)
        if trouble.drip:
            self._drip()
        elif trouble.status:
            self._answer(trouble.status, {"message": trouble.message}, trouble.headers)
        else:  # a reset: nothing is said on the way out
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    def _drip(self) -> None:
        """One header after the other, for ever."""
        with contextlib.suppress(OSError):
            self.connection.sendall(b"HTTP/1.1 200 OK\r\n")
            for count in range(90):
                self.connection.sendall(b"X-%d: y\r\n" % count)
                time.sleep(0.05)
        self.close_connection = True

    def _answer(self, status: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: tests are quiet."""


def _api(world: Stage, seen: Seen) -> tuple[int, Any]:  # noqa: PLR0911 - one for each endpoint
    if seen.headers.get("authorization") != f"Bearer {TOKEN}":
        return 401, {"message": "Bad credentials"}
    match = re.fullmatch(r"/api/v3/repos/o/r/([a-z-]+)(?:/([^/?]+))?(?:/([a-z-]+))?(?:\?.*)?", seen.path)
    if match is None:
        return 404, {"message": "Not Found"}
    match (seen.method, *match.groups()):
        case ("GET", "commits", sha, "status"):
            latest = {row["context"]: row for row in world.statuses if row["sha"] == sha}
            return (200, {"statuses": [*latest.values()]}) if sha in world.commits else _no_commit(sha)
        case ("POST", "statuses", sha, None):
            return _post_status(world, sha or "", seen.document)
        case ("GET", "commits", sha, "check-runs"):
            found = [row for row in world.checks if row["head_sha"] == sha]
            return (200, {"total_count": len(found), "check_runs": found}) if sha in world.commits else _no_commit(sha)
        case ("POST", "check-runs", None, None):
            return _post_check(world, seen.document)
        case ("PATCH", "check-runs", str(number), None):
            world.checks[int(number)] |= seen.document
            return 200, world.checks[int(number)]
        case _:
            return 404, {"message": "Not Found"}


def _no_commit(sha: str | None) -> tuple[int, Any]:
    return 422, {"message": f"No commit found for SHA: {sha}"}


def _post_status(world: Stage, sha: str, row: dict[str, Any]) -> tuple[int, Any]:
    if sha not in world.commits:
        return _no_commit(sha)
    if row["state"] not in STATES or len(row["description"]) > 140:
        return 422, {"message": "Validation Failed"}
    world.statuses.append({**row, "sha": sha, "id": len(world.statuses)})
    return 201, world.statuses[-1]


def _post_check(world: Stage, row: dict[str, Any]) -> tuple[int, Any]:
    if not world.app:
        return 403, {"message": "You must authenticate via a GitHub App."}
    if row["head_sha"] not in world.commits:
        return _no_commit(row["head_sha"])
    if row.get("conclusion", "success") not in CONCLUSIONS or not row["output"]["summary"]:
        return 422, {"message": "Validation Failed"}
    world.checks.append({"conclusion": None, **row, "id": len(world.checks)})
    return 201, world.checks[-1]
