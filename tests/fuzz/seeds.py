"""What each target begins with: sound inputs of every kind, and the cases that the other tests have of unsound ones."""

import bz2
import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
import zstandard

from reconciler.core.amounts import Span
from reconciler.core.configs import modelconfig
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import Reason
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource, Pin
from reconciler.core.parsing.lock import lock_text
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.core.planning import quiet
from reconciler.core.planning.saved import Saved, to_text
from reconciler.core.spec import ModelSpec, Source
from reconciler.core.statuses.status_files import to_files
from reconciler.core.trust import trusted
from tests.boards import everything
from tests.commit_keys import payload
from tests.fuzz.people import ANN, EVE, FILE, NOON, OLD, SIGNERS, good, signed
from tests.fuzz.texts import MODEL

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
HEAD = "apiVersion: reconciler/v1\nkind: {kind}\n"


def _cases(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((CASES / "documents" / name).read_text()))


def documents() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted((ROOT / "models.d").rglob("*.yaml")))
    for case in _cases("model.yaml"):
        head = HEAD.format(kind="Model") + "metadata: {name: m}\n"
        yield str(case.get("whole") or head + "spec: " + str(case.get("spec"))).encode()
    yield from (str(case["content"]).encode() for case in _cases("yaml.yaml"))


def repositories() -> Iterator[bytes]:
    yield (ROOT / "reconciler.yaml").read_bytes()
    for case in _cases("repository.yaml"):
        yield str(case.get("whole") or HEAD.format(kind="Repository") + "spec: " + str(case.get("spec"))).encode()
    yield re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[-1].encode()


def locks() -> Iterator[bytes]:
    contents = {"1/model.py": b"one", "config.pbtxt": b'name: "m"\n', "ü b": b""}
    files = tuple(
        LockedFile(file=FileDigest(path=path, size=len(text), digest=of_bytes(text)), pin=Pin(version="v"))
        for path, text in contents.items()
    )
    archive = LockedArchive(path="m.tar", size=None, pin=Pin(fingerprint='"e"'))
    model = ModelSpec(name="m", file="", framework="", source=Source(uri="s3://b/m/"))
    configs = {"config.pbtxt": contents["config.pbtxt"]}
    yield lock_text(model, {None: LockedSource(files=files, configs=configs)})
    yield lock_text(model, {None: LockedSource(files=files, configs=configs, archive=archive)})


def configs() -> Iterator[bytes]:
    yield b'name: "m"\nbackend: "python"\nmax_batch_size: 8\ninput [{name: "IN" data_type: TYPE_FP32 dims: [-1, 3]}]\n'
    yield b'platform: "ensemble" ensemble_scheduling { step [{model_name: "a" input_map {key: "I" value: "x"}}] }'
    yield b"dynamic_batching { priority_queue_policy { key: 1 value { timeout_action: DELAY } } preserve_ordering: 1 }"
    yield b'newer_field: [1, 2, { a: "b" }] [ext.ension] { x: 1 } instance_group { kind: KIND_NEWER } # what is newer'
    yield b'parameters { key: "a" value { string_value: "\\n\\x01\\u00e4\\"" } } parameters: <key: \'b\' value: <>>'
    yield b"sequence_batching { control_input { control { fp32_false_true: [1e39, -0.0, nan, inf] } } }"
    texts = ("""{"name": "m", "model_warmup": [{"name": "w", "inputs": {"I": {"zero_data": true, "dims": [1]}}}]}""",)
    yield from (modelconfig.to_pbtxt(json.loads(text)).encode() for text in texts)


def plans() -> Iterator[bytes]:
    yield to_text(
        Saved(
            id="abc",
            target="prod",
            revision="0" * 40,
            ref="main",
            volume="/models",
            models=("a",),
            adopt=("b",),
            steps={"fetch:a": "sha256:" + "1" * 64, "load:a": "x"},
            servers={"grpc://t:8001": "2.51"},
            state={"a": "nothing"},
            shown=(("title", "Target prod"), ("plain", "ümläut")),
        )
    ).encode()


def statuses() -> Iterator[bytes]:
    found = to_files({each.name: each for each in everything().models.values()}, target="prod")
    yield from (content for name, content in sorted(found.items()) if name.endswith(".yaml"))


def remembered() -> Iterator[bytes]:
    for signers in (None, SIGNERS):
        found = trusted.Trusted(
            revision="1" * 40, since="2" * 40, committed=NOON, signers=signers, target="prod", branch="status"
        )
        yield trusted.to_bytes(found)


def memos() -> Iterator[bytes]:
    grounds = quiet.Grounds(revision="r", statuses="s", volume="v", served="t")
    line = ModelPlan(model="m", change=Change.UPDATE, reason=Reason.NOT_LOADED, steps=("a",))
    plan = Plan(
        target="prod",
        revision="r",
        models=(line,),
        totals={"fetches": 0},
        spans=(Span(name="disk", before=1, peak=2, after=3, capacity=None, uncounted=("x",)),),
    )
    found = quiet.Quiet(grounds=grounds, plan=plan, branch="b", urls=("grpc://t:8001",), paths=("/models",))
    yield json.dumps(quiet.to_json(found)).encode()


def signer_files() -> Iterator[bytes]:
    yield FILE


def imports() -> Iterator[bytes]:
    for path in sorted((CASES / "imports").glob("*.yaml")):
        case = yaml.safe_load(path.read_text())
        yield from (value.encode() for value in case.values() if isinstance(value, str) and "\n" in value)


_FILES = {"m/config.pbtxt": b'name: "m"\n', "m/1/model.py": b"x" * 700, "m/" + "l" * 120 + "/ü": b"long"}


def _tar(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in _FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("m/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        if form == tarfile.GNU_FORMAT:
            archive.addfile(link)
    return out.getvalue()


def tars() -> Iterator[bytes]:
    yield from map(_tar, (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))


def packed_tars() -> Iterator[bytes]:
    plain = _tar(tarfile.PAX_FORMAT)
    yield b"\0" + plain
    packers: tuple[Callable[[bytes], bytes], ...] = (gzip.compress, bz2.compress, lzma.compress, zstandard.compress)
    yield from (bytes([number]) + pack(plain) for number, pack in enumerate(packers))


def zips() -> Iterator[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, content in _FILES.items():
                archive.writestr(name, content)
        yield out.getvalue()
    yield b"PK\x05\x06" + bytes(18)


def listings() -> Iterator[bytes]:
    yield b"config.pbtxt\n1/model.onnx\n2/model.onnx"
    yield b"a/b\na\n../x\n/abs\nA\n\xc3\xbc\nu\xcc\x88\n00\n+8/x\n" + b"l" * 300
    yield b"model.onnx"


def pattern_lists() -> Iterator[bytes]:
    yield b"**\n*.onnx\n1/**/x[!a-z]?\n/a/\n1/b/x0y"
    yield b"**/a/**/b/**\n*a*b*c*\na/b/c/d"


def address_lists() -> Iterator[bytes]:
    for text in ("169.254.169.254", "0xa9.254.43518", "2852039166", "::ffff:169.254.169.254", "fd00:ec2::254", "a.b"):
        yield text.encode()


def commits() -> Iterator[bytes]:
    yield good()
    yield signed(EVE, payload(NOON, "eve"))
    yield signed(OLD, payload(NOON, "late"))
    yield payload(NOON, "unsigned", ["3" * 40])
    yield signed(ANN, payload(NOON, "why")).replace(b"SSH SIGNATURE", b"PGP SIGNATURE")


def requests() -> Iterator[bytes]:
    yield b"GET / HTTP/1.1\r\nHost: localhost:9090\r\nAccept-Encoding: gzip\r\nIf-None-Match: x\r\n\r\n"
    yield b"POST /act HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nSec-Fetch-Site: none\r\n\r\n"
    yield b"POST /act HTTP/1.1\r\nHost: [::1]:1\r\nOrigin: null\r\nContent-Length: 3\r\n\r\nabc"
    yield b"HEAD /%2e%2e/?a#b HTTP/1.0\r\n\r\n"
    yield b"GET /\r\n"


_S3 = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>m/</Prefix><KeyCount>1</KeyCount>
<IsTruncated>false</IsTruncated><Contents><Key>m/a</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents></ListBucketResult>"""


def s3_answers() -> Iterator[bytes]:
    yield _S3.encode()
    yield b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>"


def hub_answers() -> Iterator[bytes]:
    commit = "4" * 40
    yield json.dumps({"id": "org/repo", "sha": commit, "siblings": [], "tags": [], "downloads": 1}).encode()
    yield json.dumps([{"type": "file", "path": "a", "size": 3, "oid": "5" * 40}]).encode()
    lfs = {"oid": of_bytes(b"")[7:], "size": 5, "pointerSize": 1}
    yield json.dumps([{"type": "file", "path": "b", "size": 5, "oid": "6", "lfs": lfs}, {"type": "directory"}]).encode()


def models() -> Iterator[bytes]:
    yield MODEL
    yield from documents()
