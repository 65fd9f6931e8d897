"""The limit: plain sockets and threads, ranges written where they belong; nothing is hashed, checked or named anew."""

import http.client
import os
import queue
import re
import socket
import sys
import threading
from urllib.parse import quote, urlsplit

_THREADS, _RANGE, _BUFFER = 8, 32 << 20, 256 << 10


def _listed(host: str, bucket: str, prefix: str) -> list[tuple[str, int]]:
    connection, found, token = http.client.HTTPConnection(host), [], ""
    while True:
        follow = f"&continuation-token={quote(token)}" if token else ""
        connection.request("GET", f"/{bucket}?list-type=2&prefix={quote(prefix)}{follow}")
        text = connection.getresponse().read().decode()
        found += [(key, int(size)) for key, size in re.findall(r"<Key>(.*?)</Key>.*?<Size>(\d+)</Size>", text)]
        more = re.search(r"<NextContinuationToken>(.*?)<", text)
        if more is None:
            connection.close()
            return found
        token = more[1]


def _receive(connection: socket.socket, request: bytes, descriptor: int, at: int, buffer: memoryview) -> None:
    connection.sendall(request)
    count = connection.recv_into(buffer)
    head = bytes(buffer[:count]).find(b"\r\n\r\n") + 4
    length = re.search(rb"Content-Length: (\d+)", bytes(buffer[:head]))
    if length is None:
        raise RuntimeError(bytes(buffer[:head]))
    left = int(length[1]) - os.pwrite(descriptor, buffer[head:count], at)
    at += count - head
    while left:
        count = connection.recv_into(buffer)
        if not count:
            raise RuntimeError("the server has gone")
        os.pwrite(descriptor, buffer[:count], at)
        at, left = at + count, left - count


def _work(host: str, bucket: str, destination: str, todo: "queue.SimpleQueue[tuple[str, int, int]]") -> None:
    name, _, port = host.partition(":")
    buffer = memoryview(bytearray(_BUFFER))
    with socket.create_connection((name, int(port))) as connection:
        while True:
            try:
                key, first, past = todo.get_nowait()
            except queue.Empty:
                return
            request = f"GET /{bucket}/{key} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={first}-{past - 1}\r\n\r\n"
            descriptor = os.open(os.path.join(destination, key), os.O_WRONLY | os.O_CREAT, 0o644)
            _receive(connection, request.encode(), descriptor, first, buffer)
            os.close(descriptor)


def main(prefix: str, destination: str) -> None:
    """Fetches what is below the prefix into the destination."""
    host = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    bucket, _, below = prefix.partition("/")
    todo: queue.SimpleQueue[tuple[str, int, int]] = queue.SimpleQueue()
    listed = _listed(host, bucket, below)
    for folder in {os.path.dirname(key) for key, _ in listed}:
        os.makedirs(os.path.join(destination, folder), exist_ok=True)
    for key, size in listed:
        for first in range(0, size, _RANGE):
            todo.put((key, first, min(size, first + _RANGE)))
    threads = [threading.Thread(target=_work, args=(host, bucket, destination, todo)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
