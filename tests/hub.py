"""A stand-in for Hugging Face's hub on loopback, for the real one cannot be reached from here.

As much of its HTTP API as huggingface_hub asks for repositories, trees in pages and paths, and big files on a CDN that
must not see the token.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.web import Page, Web

PAGE = 2
"""Entries on a page of a tree."""


@dataclass
class Hub:
    """`commits` by repository (`models/org/name`) and commit, `refs` by repository and name; `token`: wanted if set.

    `busy`: statuses that the next requests are answered with instead.
    """

    cdn: Web
    url: str = ""
    token: str | None = None
    commits: dict[tuple[str, str], Mapping[str, bytes]] = field(default_factory=dict)
    refs: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)

    def push(self, repository: str, files: Mapping[str, bytes], ref: str = "main") -> str:
        """A new commit, which the ref names from now on."""
        commit = hashlib.sha1(repr((repository, files)).encode(), usedforsecurity=False).hexdigest()
        self.commits[repository, commit] = files
        self.refs[repository, ref] = commit
        return commit

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        place = urlsplit(request.path)
        self.asked.append((f"{request.command} {place.path}", request.headers.get("Authorization")))
        if self.busy:
            _send(request, self.busy.pop(), {"Retry-After": "1"}, b"")
            return
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            _send(request, 401, {"X-Error-Code": "RepoNotFound"}, b"")
            return
        api = re.fullmatch(r"/api/(\w+/[^/]+/[^/]+)(?:/(revision|tree|paths-info)/([^/]+)(?:/(.*))?)?", place.path)
        if api:
            repository, verb, revision, path = api[1], api[2] or "revision", unquote(api[3] or "main"), api[4] or ""
            self._api(request, (repository, verb, revision), unquote(path), parse_qs(place.query))
            return
        read = re.fullmatch(r"/(?:(datasets|spaces)/)?([^/]+/[^/]+)/resolve/([^/]+)/(.*)", place.path)
        assert read is not None, place.path
        content = self.commits[f"{read[1] or 'models'}/{read[2]}", read[3]].get(unquote(read[4]))
        if content is None:
            _send(request, 404, {"X-Error-Code": "EntryNotFound"}, b"")
        elif _is_big(content):
            name = f"/{hashlib.sha256(content).hexdigest()}"
            self.cdn.pages[name] = Page(body=content, headers={"ETag": '"cdn"'}, ranges=True)
            _send(request, 302, {"Location": self.cdn.url + name}, b"")
        else:
            _send(request, 200, {"ETag": '"small"'}, content)

    def _api(
        self, request: BaseHTTPRequestHandler, asked: tuple[str, str, str], path: str, query: Mapping[str, list[str]]
    ) -> None:
        repository, verb, revision = asked
        known = any(name == repository for name, _ in self.refs)
        commit = self.refs.get((repository, revision), revision)
        files = self.commits.get((repository, commit))
        if files is None:
            _send(request, 404, {"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"}, b"")
            return
        match verb:
            case "revision":
                _json(request, {"id": repository.partition("/")[2], "sha": commit, "siblings": []}, {})
            case "paths-info":
                body = request.rfile.read(int(request.headers["Content-Length"])).decode()
                paths = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body)["paths"]
                _json(request, [entry for name in paths for entry in _entries(files) if entry["path"] == name], {})
            case _:
                below = [each for each in _entries(files) if not path or each["path"].startswith(path + "/")]
                start = int(query.get("cursor", ["0"])[0])
                after = f"{self.url}{request.path.partition('?')[0]}?recursive=true&cursor={start + PAGE}"
                more = {"Link": f'<{after}>; rel="next"'} if start + PAGE < len(below) else {}
                _json(request, below[start : start + PAGE], more)


def _is_big(content: bytes) -> bool:
    return len(content) > 1000


def _entries(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    folders = {path[:at] for path in files for at, letter in enumerate(path) if letter == "/"}
    found: list[dict[str, Any]] = [{"type": "directory", "path": path, "oid": "0" * 40} for path in folders]
    for path, content in files.items():
        git = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": git}
        if _is_big(content):
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
        found.append(entry)
    return sorted(found, key=lambda entry: str(entry["path"]))


def _json(request: BaseHTTPRequestHandler, value: object, headers: Mapping[str, str]) -> None:
    _send(request, 200, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


def _send(request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
    request.send_response(status)
    for name, text in headers.items():
        request.send_header(name, text)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


@contextmanager
def hub_server(cdn: Web) -> Iterator[Hub]:
    """The hub in a thread, its big files on `cdn`."""
    hub = Hub(cdn)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.answer(self)

        def do_HEAD(self) -> None:
            hub.answer(self)

        def do_POST(self) -> None:
            hub.answer(self)

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        hub.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
