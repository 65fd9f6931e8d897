"""Real git for the tests: repositories of the git binary, served by `git daemon` and `git http-backend`: hooks run."""

import base64
import contextlib
import http.server
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path

import pygit2

MODEL = b"apiVersion: reconciler/v1\n"


def keep_home_out(home: Path) -> None:
    """Make git and libgit2 of this process and its children read no configuration but a small one of ours."""
    home.mkdir(exist_ok=True)
    config = home / ".gitconfig"
    config.write_text("[user]\n\tname = Tess\n\temail = tess@example.org\n[init]\n\tdefaultBranch = main\n")
    os.environ["HOME"], os.environ["GIT_CONFIG_GLOBAL"] = str(home), str(config)
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    for level in (pygit2.enums.ConfigLevel.GLOBAL, pygit2.enums.ConfigLevel.SYSTEM, pygit2.enums.ConfigLevel.XDG):
        pygit2.settings.search_path[level] = str(home)


def git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    """What a git command prints; a failure is an error with its words."""
    done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=False)
    assert done.returncode == 0, f"git {arguments}: {done.stderr.decode()}"
    return done.stdout.decode().strip()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def commit(folder: Path, files: Mapping[str, bytes], message: str = "change") -> str:
    """Write the files into a work tree and commit everything; the commit's id."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def work_tree(folder: Path, files: Mapping[str, bytes], message: str = "first") -> str:
    """A new repository with these files in its first commit; the commit's id."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    return commit(folder, files, message)


def bare(folder: Path, source: Path | None = None) -> Path:
    """A new bare repository, with all branches and tags of another if one is given."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare")
    if source is not None:
        git(source, "push", "--quiet", str(folder), "--all")
        git(source, "push", "--quiet", str(folder), "--tags")
    return folder


def hook(repository: Path, name: str, script: str) -> None:
    """An executable hook of a bare repository."""
    path = repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def branch_files(repository: Path, branch: str) -> dict[str, bytes]:
    """Every file of a branch, as the git binary shows it."""
    names = git(repository, "ls-tree", "-r", "--name-only", branch).splitlines()
    return {name: git(repository, "show", f"{branch}:{name}").encode() for name in names}


@contextlib.contextmanager
def daemon(base: Path) -> Iterator[str]:
    """Serves every repository below a folder for reading and writing; gives git://127.0.0.1:<port>."""
    port = _free_port()
    command = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all"]
    command += ["--enable=receive-pack", "--informative-errors", f"--base-path={base}", str(base)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"git://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextlib.contextmanager
def http_remote(base: Path, username: str, token: str) -> Iterator[str]:
    """Serves every repository below a folder over http to whoever knows the token; gives http://127.0.0.1:<port>."""
    expected = "Basic " + base64.b64encode(f"{username}:{token}".encode()).decode()

    class Backend(_Backend):
        folder, authorization = base, expected

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Backend(http.server.BaseHTTPRequestHandler):
    """Hands requests to `git http-backend`, a CGI program."""

    folder: Path
    authorization: str

    def do_GET(self) -> None:
        if self.headers["Authorization"] != self.authorization:
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        given = self._body() if self.command == "POST" else b""
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "tess",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers["Content-Type"] or "",
            "CONTENT_LENGTH": str(len(given)),
        }
        done = subprocess.run(["git", "http-backend"], input=given, capture_output=True, env=environment, check=False)
        self._answer(done.stdout)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, output: bytes) -> None:
        head, _, body = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: tests are quiet."""


@contextlib.contextmanager
def silence() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    message = f"nothing listens on {port}"
    raise AssertionError(message)
