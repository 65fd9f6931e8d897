"""A stand-in of GitHub's API for the comments of issues, as it is documented: a real HTTP server on loopback."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPOSITORY = "octo/models"
BOT = "github-actions[bot]"
LONGEST = 65_536


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one request is answered with instead; `done`: after it was carried out all the same."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"message": "fault"}'
    done: bool = False


@dataclass
class GitHub:
    """`comments` by issue; `tokens`: who each is, and whether it may write; `requests` are method and path."""

    url: str = ""
    page_size: int = 100
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, bool]] = field(default_factory=lambda: {"writer": (BOT, True), "reader": (BOT, False)})
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    seen_tokens: set[str] = field(default_factory=set)
    elsewhere: str = ""

    def add(self, issue: int, author: str, body: str) -> dict[str, Any]:
        """A comment that somebody writes."""
        number = 1000 + sum(len(all_of) for all_of in self.comments.values())
        comment = {"id": number, "user": {"login": author}, "body": body}
        self.comments.setdefault(issue, []).append(comment)
        return comment

    def bodies(self, issue: int, author: str = BOT) -> list[str]:
        """What somebody has written there."""
        return [one["body"] for one in self.comments.get(issue, []) if one["user"]["login"] == author]

    def answer(self, method: str, path: str, token: str, given: Any) -> tuple[int, dict[str, str], Any]:
        """Status, headers and document."""
        who, may_write = self.tokens.get(token, ("", False))
        if not who:
            return 401, {}, {"message": "Bad credentials"}
        if method != "GET" and not may_write:
            return 403, {}, {"message": "Resource not accessible by integration"}
        if method != "GET" and not 0 < len(given["body"]) <= LONGEST:
            return 422, {}, {"message": "Validation Failed"}
        target, _, query = path.partition("?")
        if found := re.fullmatch(rf"/repos/{REPOSITORY}/issues/(\d+)/comments", target):
            issue = int(found[1])
            return self._listed(issue, query) if method == "GET" else (201, {}, self.add(issue, who, given["body"]))
        if method == "PATCH" and (found := re.fullmatch(rf"/repos/{REPOSITORY}/issues/comments/(\d+)", target)):
            return self._edited(int(found[1]), who, given["body"])
        return 404, {}, {"message": "Not Found"}

    def _listed(self, issue: int, query: str) -> tuple[int, dict[str, str], Any]:
        page = int((re.search(r"(?:^|&)page=(\d+)", query) or ["", "1"])[1])
        found, size = self.comments.get(issue, []), self.page_size
        here = found[(page - 1) * size : page * size]
        path = f"{self.elsewhere or self.url}/repos/{REPOSITORY}/issues/{issue}/comments?per_page=100"
        links = f'<{path}&page=1>; rel="first", <{path}&page={page + 1}>; rel="next"'
        return 200, {"Link": links} if page * size < len(found) else {}, here

    def _edited(self, number: int, who: str, body: str) -> tuple[int, dict[str, str], Any]:
        found = next((one for all_of in self.comments.values() for one in all_of if one["id"] == number), None)
        if found is None:
            return 404, {}, {"message": "Not Found"}
        if found["user"]["login"] != who:
            return 403, {}, {"message": "Must have admin rights to Repository."}
        found["body"] = body
        return 200, {}, found


@contextmanager
def github() -> Iterator[GitHub]:
    """Runs it in a thread."""
    hub = GitHub()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            given = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            hub.seen_tokens.add(token)
            fault = hub.faults.pop(0) if hub.faults else None
            if fault is None or fault.done:
                status, headers, document = hub.answer(self.command, self.path, token, given)
            if fault is not None:
                self.say(fault.status, fault.headers, fault.body.encode())
            else:
                self.say(status, headers, json.dumps(document).encode())

        do_POST = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

        def say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing: tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
