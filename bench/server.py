"""An S3-speaking server for reading: listings of both versions, HEAD, and GET with ranges and conditions.

Real servers that pip brings take longer to answer for a small object than any client takes to ask, and would be what
is measured. This one sends bodies from memory with as little of its own as Python can; signatures are not checked.

`python -m bench.server FOLDER [BYTES]` serves what is below it as the bucket `bench`, over a line of so many bytes a
second if that is said, prints its port, and ends with its input.
"""

import bisect
import fcntl
import hashlib
import itertools
import mmap
import os
import re
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

BUCKET = "bench"

_WORKERS = 2
"""Processes, for threads of one would wait for each other."""

_IN_MEMORY, _PART, _SLICE = 1 << 20, 16 << 20, 256 << 10
"""Bytes: objects up to the first are kept read; ETags of bigger ones tell of such parts; what a line takes at once."""

_DATE = "Wed, 01 Jan 2025 00:00:00 GMT"
_ROW = "<Contents><Key>{}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;{}&quot;</ETag>"
_ROW += "<Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>"
_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: a file of so many bytes, its ETag, and its body if that is kept in memory."""

    path: str
    size: int
    etag: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `key` within the bucket."""

    method: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """What all workers together were asked and sent, in memory that they share: one slot of two numbers for each."""

    memory: mmap.mmap
    slot: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, sent: int) -> None:
        """Counts a request for an object, and the bytes of the answer."""
        with self.guard:
            asked, so_far = struct.unpack_from("QQ", self.memory, 16 * self.slot)
            struct.pack_into("QQ", self.memory, 16 * self.slot, asked + 1, so_far + sent)

    def total(self) -> bytes:
        """Requests and bytes as text."""
        rows = list(struct.iter_unpack("QQ", self.memory[: 16 * _WORKERS]))
        return f"{sum(row[0] for row in rows)} {sum(row[1] for row in rows)}".encode()


@dataclass(frozen=True, slots=True)
class Wire:
    """What all workers send big objects over: so many bytes a second (None: as fast as it goes), in shared memory."""

    rate: float | None
    memory: mmap.mmap
    turn: IO[bytes]
    guard: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, count: int) -> None:
        """Until so many bytes more are through."""
        if self.rate is None:
            return
        with self.guard:
            fcntl.lockf(self.turn, fcntl.LOCK_EX)
            (free_at,) = struct.unpack_from("d", self.memory)
            until = max(free_at, time.monotonic()) + count / self.rate
            struct.pack_into("d", self.memory, 0, until)
            fcntl.lockf(self.turn, fcntl.LOCK_UN)
        time.sleep(max(0.0, until - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Bucket:
    """Objects by key; `keys` are sorted."""

    things: dict[str, Thing]
    keys: list[str]
    tally: Tally
    wire: Wire

    def answer(self, asked: Asked, connection: socket.socket) -> None:
        """Sends the answer."""
        if asked.key == "" and "tally" in asked.query:
            _send(connection, asked, "200 OK", self.tally.total())
        elif asked.key == "" and "location" in asked.query:
            _send(connection, asked, "200 OK", f"<LocationConstraint {_XMLNS}/>".encode())
        elif asked.key == "":
            _send(connection, asked, "200 OK", self.listing(asked.query) if asked.method == "GET" else b"")
        elif asked.key not in self.things:
            _send(connection, asked, "404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._give(self.things[asked.key], asked, connection)

    def listing(self, query: dict[str, str]) -> bytes:
        """A page, with folders where a delimiter is given."""
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after") or query.get("marker", "")
        room = int(query.get("max-keys", "1000"))
        rows: list[str] = []
        last = ""
        for key, row in self._rows(prefix, delimiter, after):
            if len(rows) == min(room, 1000):
                break
            rows.append(row)
            last = key
        more = len(rows) == min(room, 1000) and next(self._rows(prefix, delimiter, last), None) is not None
        marks = f"<NextContinuationToken>{last}</NextContinuationToken><NextMarker>{last}</NextMarker>" if more else ""
        head = (
            f"<Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><MaxKeys>{room}</MaxKeys><KeyCount>{len(rows)}</KeyCount>"
        )
        flag = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        return f"<ListBucketResult {_XMLNS}>{head}{flag}{marks}{''.join(rows)}</ListBucketResult>".encode()

    def _rows(self, prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, str]]:
        at = max(bisect.bisect_left(self.keys, prefix), bisect.bisect_right(self.keys, after) if after else 0)
        while at < len(self.keys) and self.keys[at].startswith(prefix):
            key = self.keys[at]
            folder, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if found:
                shared = prefix + folder + delimiter
                at = bisect.bisect_left(self.keys, shared + "\U0010ffff")
                yield self.keys[at - 1], f"<CommonPrefixes><Prefix>{shared}</Prefix></CommonPrefixes>"
            else:
                at += 1
                yield key, _ROW.format(key, self.things[key].etag, self.things[key].size)

    def _give(self, thing: Thing, asked: Asked, connection: socket.socket) -> None:
        wanted = asked.headers.get("if-match", "*").strip('"')
        if wanted not in ("*", thing.etag):
            _send(connection, asked, "412 Precondition Failed", b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        first, past, status = _range(asked.headers.get("range", ""), thing.size)
        extra = f'ETag: "{thing.etag}"\r\nAccept-Ranges: bytes\r\nLast-Modified: {_DATE}\r\n'
        if status != "200 OK":
            extra += f"Content-Range: bytes {first}-{past - 1}/{thing.size}\r\n"
        head = _head(status, past - first, extra, "application/octet-stream")
        if asked.method == "HEAD":
            connection.sendall(head)
            return
        self.tally.add(past - first)
        if thing.body is not None:
            connection.sendall(head + thing.body[first:past])
        else:
            _send_file(connection, head, (thing.path, first, past), self.wire)


def _send_file(connection: socket.socket, head: bytes, part: tuple[str, int, int], wire: Wire) -> None:
    path, first, past = part
    connection.sendall(head, socket.MSG_MORE)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while first < past:
            most = past - first if wire.rate is None else min(past - first, _SLICE)
            sent = os.sendfile(connection.fileno(), descriptor, first, most)
            first += sent
            wire.wait(sent)
    finally:
        os.close(descriptor)


def _range(text: str, size: int) -> tuple[int, int, str]:
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text)
    if match is None or not (match[1] or match[2]):
        return 0, size, "200 OK"
    if not match[1]:
        return max(0, size - int(match[2])), size, "206 Partial Content"
    past = min(size, int(match[2]) + 1) if match[2] else size
    return min(int(match[1]), past), past, "206 Partial Content"


def _head(status: str, length: int, extra: str = "", kind: str = "application/xml") -> bytes:
    head = f"HTTP/1.1 {status}\r\nServer: bench\r\nDate: {_DATE}\r\nx-amz-request-id: 1\r\nContent-Type: {kind}\r\n"
    return f"{head}{extra}Content-Length: {length}\r\n\r\n".encode()


def _send(connection: socket.socket, asked: Asked, status: str, body: bytes) -> None:
    extra = "x-amz-bucket-region: us-east-1\r\n"
    connection.sendall(_head(status, len(body), extra) + (body if asked.method != "HEAD" else b""))


def _requests(connection: socket.socket) -> Iterator[Asked]:
    """One after the other, as HTTP/1.1 keeps a connection open."""
    text = b""
    while True:
        while b"\r\n\r\n" not in text:
            more = connection.recv(65536)
            if not more:
                return
            text += more
        head, _, text = text.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        split = urlsplit(target)
        key = unquote(split.path).lstrip("/").removeprefix(BUCKET).lstrip("/")
        yield Asked(method, key, dict(parse_qsl(split.query, keep_blank_values=True)), headers)


def _converse(connection: socket.socket, bucket: Bucket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        try:
            for asked in _requests(connection):
                bucket.answer(asked, connection)
        except OSError:
            return  # the client has gone


def _accept(listener: socket.socket, bucket: Bucket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_converse, args=(connection, bucket), daemon=True).start()


def _things(folder: str) -> Iterator[tuple[str, Thing]]:
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            size = os.stat(path).st_size
            with open(path, "rb") as stream:
                body = stream.read() if size <= _IN_MEMORY else None
            etag = hashlib.md5(body or path.encode(), usedforsecurity=False).hexdigest()
            parts = "" if body is not None else f"-{-(-size // _PART)}"
            yield os.path.relpath(path, folder), Thing(path, size, etag + parts, body)


def main(folder: str, rate: float | None = None) -> None:
    """Serves until standard input ends."""
    things = dict(_things(folder))
    memory, line = mmap.mmap(-1, mmap.PAGESIZE), mmap.mmap(-1, mmap.PAGESIZE)
    with tempfile.TemporaryFile() as turn, socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        print(listener.getsockname()[1], flush=True)
        slot = sum(1 for _ in itertools.takewhile(lambda _: os.fork() == 0, range(1, _WORKERS)))
        bucket = Bucket(things, sorted(things), Tally(memory, slot), Wire(rate, line, turn))
        threading.Thread(target=_accept, args=(listener, bucket), daemon=True).start()
        os.read(0, 1)  # nothing is ever written: every process sees the end, also if the one that started it is killed


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
