"""What holds for any bytes that come from others: archives, commits, requests, answers of stores, names in them.

Each function takes bytes and gives nothing; it raises only where a promise is broken.
"""

import atexit
import bz2
import gzip
import itertools
import logging
import lzma
import socket
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache

import zstandard

from reconciler.adapters import commits
from reconciler.adapters.sources import BusyError, Listed, Loose, Sources, members, select
from reconciler.adapters.sources.addresses import refuse
from reconciler.adapters.sources.listing import fault_of
from reconciler.adapters.sources.patterns import wanted
from reconciler.adapters.web import Answer, Asked, Bounds, Page, listening
from reconciler.core.configs.layout import lay_out
from reconciler.core.configs.modelfacts import facts
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import ReconcileError
from reconciler.core.spec import Credentials, ModelSpec, Source
from reconciler.core.trust.signed_commit import take_apart
from tests.fuzz.bounds import LONGEST, BrokenError
from tests.fuzz.mouths import Mouth, mouth
from tests.fuzz.people import SIGNERS, signed_payloads

ROOM = 256 << 20
_OPEN = ExitStack()
"""What is closed when the process ends."""
atexit.register(_OPEN.close)

CODECS: dict[str, Callable[[bytes], bytes]] = {
    "a.tar.gz": gzip.compress,
    "a.tar.bz2": bz2.compress,
    "a.tar.xz": lzma.compress,
    "a.tar.zst": zstandard.compress,
}


def _unpacked(content: bytes, name: str) -> None:
    blocks = (content[start : start + 4096] for start in range(0, len(content), 4096))
    try:
        for member in members(blocks, name, room=ROOM):
            if fault_of(member.path) is not None:
                raise BrokenError(f"the name {member.path!r} came through")
            for block in member.blocks:
                if len(block) > 1 << 20:
                    raise BrokenError(f"a block of {len(block)} bytes")
    except ReconcileError as error:
        _told(error)


def tar(content: bytes) -> None:
    """A tar is refused in words, or gives files with safe names; also one whose checksums are right."""
    _unpacked(content, "a.tar")
    _unpacked(_summed(content), "a.tar")


def _summed(content: bytes) -> bytes:
    """With the right checksum in each header, as far as one follows from the other."""
    out, at = bytearray(content), 0
    while at + 512 <= len(out):
        header = bytes(out[at : at + 512])
        if any(header):
            total = sum(header[:148]) + 256 + sum(header[156:])
            out[at + 148 : at + 156] = b"%06o\0 " % total
        try:
            size = tarfile.nti(header[124:136])  # type: ignore[attr-defined] # as tarfile reads a number
        except tarfile.TarError:
            size = 0
        at += 512 + (max(0, min(size, LONGEST)) + 511) // 512 * 512
    return bytes(out)


def packed_tar(content: bytes) -> None:
    """The same for a tar that any of the codecs packed; its first byte says which."""
    names = [*CODECS]
    name = names[content[0] % len(names)] if content else names[0]
    _unpacked(content[1:], name)
    _unpacked(CODECS[name](_summed(content[1:])), name)


def zip(content: bytes) -> None:  # noqa: A001 - what it is about
    """A zip is refused in words, or gives files with safe names."""
    _unpacked(content, "a.zip")


def listing(content: bytes) -> None:
    """Whatever names a store lists, they are refused in words, or can lie in one tree."""
    names = content.decode("utf-8", "surrogateescape").split("\n")
    listed = tuple(Listed(path=name, locator=name, size=1, fingerprint=None) for name in names)
    source = Source(uri="s3://b/m/")
    try:
        found = select(listed, source)
    except ReconcileError as error:
        _told(error)
        return
    if not isinstance(found, Loose):
        return
    if any(fault_of(each.path) for each in found.files):
        raise BrokenError("an unsafe name came through")
    files = tuple(FileDigest(path=each.path, size=1, digest=of_bytes(b"")) for each in found.files)
    model = ModelSpec(name="m", file="", framework="python", source=source)
    for each in lay_out(model, Known(files={None: files}), facts({"backend": "python"})).files:
        if fault_of(each.path) and len(each.path) < 255:
            raise BrokenError(f"laid out at {each.path!r}")


def patterns(content: bytes) -> None:
    """Any `include` takes or leaves any path, in no time; the last line is the path."""
    *lines, path = content.decode("utf-8", "replace").split("\n")
    wanted(path[:1024], tuple(line[:256] for line in lines[:8] if line), ())


def addresses(content: bytes) -> None:
    """No spelling of an address is more than refused."""
    text = content.decode("utf-8", "replace")
    for url in (text, f"http://{text}/a", f"http://[{text}]/a"):
        try:
            refuse(url, "x")
        except ReconcileError as error:
            _told(error)


def commit(content: bytes) -> None:
    """Nobody's commit counts but what somebody who may has signed, to the letter."""
    found = take_apart(content)
    why = commits.doubt(content, SIGNERS)
    if why is None and found.payload not in signed_payloads():
        raise BrokenError(f"a forged commit counts: {found.payload!r}")
    if why is not None and (not why.words or not (why.words + why.hint).isprintable()):
        raise BrokenError(f"a doubt that cannot be shown: {why}")


@cache
def _server() -> str:
    """Our own, for as long as the process lives; a page that is read and one that acts."""
    pages = {"/": Page(answer=_page), "/act": Page(answer=_page, acts=True)}
    logging.getLogger("reconciler.adapters.web.server").propagate = False
    return _OPEN.enter_context(listening("127.0.0.1:0", pages, Bounds(silence=2.0, whole=10.0)))


def _page(asked: Asked) -> Answer:
    return Answer(body=repr(sorted(asked.headers)).encode())


def request(content: bytes) -> None:
    """Any request is answered in HTTP, by no bug of ours, or is none."""
    host, _, port = _server().rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionError:  # it has said what it has to say before it read all
            return
    if not answer and content.partition(b"\n")[0].decode("latin-1").strip():
        raise BrokenError("no answer")
    if answer and not answer.startswith(b"HTTP/1.0 "):
        raise BrokenError(f"no HTTP: {answer[:60]!r}")
    if answer.startswith(b"HTTP/1.0 500"):
        raise BrokenError("a bug")


@cache
def _mouth() -> Mouth:
    return _OPEN.enter_context(mouth())


def _listed(source: Source, credentials: Credentials) -> None:
    environment = {"T_AWS_ACCESS_KEY_ID": "k", "T_AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    sources = Sources({"t": credentials}, environment)
    try:
        found = sources.store(source).listing()
    except (ReconcileError, BusyError) as error:
        _told(error)
        return
    finally:
        sources.close()
    for each in itertools.islice(found, 1000):
        if each.size is not None and each.size < 0:
            raise BrokenError(f"a size of {each.size}")


def s3(content: bytes) -> None:
    """Whatever answers for a bucket, its listing is read or refused in words."""
    _mouth().says = content
    _listed(Source(uri="s3://b/m/", credentials="t"), Credentials(endpoint_url=_mouth().url, from_env="T_"))


def hub(content: bytes) -> None:
    """Whatever answers for the hub, its listing is read or refused in words."""
    _mouth().says = content
    _listed(Source(uri="hf://org/repo", credentials="t"), Credentials(endpoint_url=_mouth().url))


def _told(error: Exception) -> None:
    str(error).encode("utf-8", "backslashreplace")
    if not str(error):
        raise BrokenError("an error without words")
