"""Models that must be signed: nothing of them is content to anybody until one of the keys says so for all of it."""

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from reconciler.adapters.volume.mounted import Volume
from reconciler.core.content import Content, Known, Unavailable, Unfetched
from reconciler.core.errors import Reason
from reconciler.core.spec import ModelSigners, ModelSpec, Source
from tests.model_keys import Signer, hashing
from tests.volume_world import MODEL, World, spec, write
from tests.web import Web


@pytest.fixture
def ann(tmp_path: Path) -> Signer:
    return Signer.new(tmp_path / "ann.key")


@pytest.fixture
def bob(tmp_path: Path) -> Signer:
    return Signer.new(tmp_path / "bob.key", ec.SECP384R1())


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write(tmp_path / "source", MODEL)


def world_of(root: Path, *trusted: Signer, signature: str = "model.sig") -> World:
    """A volume for models that must be signed by one of these."""
    keys = {f"keys/{number}.pem": signer.public for number, signer in enumerate(trusted)}
    return with_keys(root, keys, signature)


def with_keys(root: Path, keys: dict[str, bytes], signature: str = "model.sig") -> World:
    root.mkdir(exist_ok=True)
    signers = ModelSigners(signature=signature, folder="keys/", keys=keys)
    return World(root=root, volume=Volume(str(root), signers=signers))


def content(world: World, model: ModelSpec) -> Content:
    """What a run knows of the model at last: what it must fetch to find out is fetched."""
    first = world.volume.resolve(model)
    if isinstance(first, Unfetched):
        world.fetch(model)
        return world.volume.resolve(model)
    return first


def refusal(world: World, model: ModelSpec) -> str:
    """Why the model is stalled."""
    found = content(world, model)
    assert isinstance(found, Unavailable), found
    assert found.terminal
    assert found.reason is Reason.SIGNATURE_INVALID
    return found.message


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_source_that_is_signed_by_one_of_the_keys_is_known_with_its_signature_among_its_files(
    tmp_path: Path, source: str, bob: Signer, curve: ec.EllipticCurve
) -> None:
    signer = Signer.new(tmp_path / "signer.key", curve)
    signer.sign(source)
    found = content(world_of(tmp_path / "volume", bob, signer), spec(source))
    assert isinstance(found, Known)
    assert {file.path for file in found.files[None]} == {*MODEL, "model.sig"}


def test_it_is_known_only_once_the_signature_is_here(tmp_path: Path, source: str, ann: Signer) -> None:
    ann.sign(source)
    world = world_of(tmp_path / "volume", ann)
    assert isinstance(world.volume.resolve(spec(source)), Unfetched)
    world.fetch(spec(source))
    assert isinstance(world.volume.resolve(spec(source)), Known)


def test_a_model_without_sources_needs_no_signature(tmp_path: Path, ann: Signer) -> None:
    ensemble = ModelSpec(name="e", file="models.d/e.yaml", framework="ensemble")
    assert isinstance(world_of(tmp_path / "volume", ann).volume.resolve(ensemble), Known)


def test_a_source_without_a_signature_is_refused_before_anything_is_fetched(
    tmp_path: Path, source: str, ann: Signer
) -> None:
    assert "is not signed: it holds no model.sig" in refusal(world_of(tmp_path / "volume", ann), spec(source))
    ann.sign(source)
    assert "it holds no other.sig" in refusal(world_of(tmp_path / "volume", ann, signature="other.sig"), spec(source))


def test_a_signature_of_somebody_else_is_refused(tmp_path: Path, source: str, ann: Signer, bob: Signer) -> None:
    bob.sign(source)
    assert "none of the keys in keys/ made it" in refusal(world_of(tmp_path / "volume", ann), spec(source))


def test_to_trust_another_key_decides_anew(tmp_path: Path, source: str, ann: Signer, bob: Signer) -> None:
    bob.sign(source)
    refusal(world_of(tmp_path / "volume", ann), spec(source))
    assert isinstance(content(world_of(tmp_path / "volume", ann, bob), spec(source)), Known)
    refusal(world_of(tmp_path / "volume", ann), spec(source))


@pytest.mark.parametrize(
    ("meddle", "told"),
    [
        (lambda source: (source / "1/model.py").write_bytes(b"evil"), "altered: 1/model.py"),
        (lambda source: (source / "1/evil.py").write_bytes(b"evil"), "not covered by it: 1/evil.py"),
        (lambda source: (source / "1/weights.bin").unlink(), "signed, but not there: 1/weights.bin"),
        (lambda source: (source / "1/model.py").rename(source / "1/other.py"), "not covered by it: 1/other.py"),
        (lambda source: (source / "config.pbtxt").write_bytes(b""), "altered: config.pbtxt"),
    ],
)
def test_files_that_are_not_as_they_were_signed_are_named(
    tmp_path: Path, source: str, ann: Signer, meddle: Callable[[Path], object], told: str
) -> None:
    ann.sign(source)
    meddle(Path(source))
    assert told in refusal(world_of(tmp_path / "volume", ann), spec(source))


def test_what_the_signer_left_out_is_not_signed(tmp_path: Path, source: str, ann: Signer) -> None:
    ann.sign(source, hashing().set_ignored_paths(paths=[Path(source, "1/model.py")]))
    message = refusal(world_of(tmp_path / "volume", ann), spec(source))
    assert "not covered by it: 1/model.py" in message
    without = spec(Source(uri=source, exclude=("1/model.py",)))
    assert isinstance(content(world_of(tmp_path / "volume", ann), without), Known)


def altered(bundle: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    """A bundle whose payload says something else, signed as it was."""
    outer = json.loads(bundle)
    payload = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"]))
    change(payload)
    outer["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    return json.dumps(outer).encode()


def test_a_signature_that_was_altered_is_refused(tmp_path: Path, source: str, ann: Signer) -> None:
    bundle = ann.sign(source)
    Path(source, "model.sig").write_bytes(altered(bundle, lambda payload: payload.update(subject=[])))
    assert "or it was altered since" in refusal(world_of(tmp_path / "volume", ann), spec(source))


@pytest.mark.parametrize(
    "bundle", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"verificationMaterial": {"publicKey": {"hint": "x"}}}']
)
def test_what_is_no_signature_at_all_is_refused_in_words(
    tmp_path: Path, source: str, ann: Signer, bundle: bytes
) -> None:
    Path(source, "model.sig").write_bytes(bundle)
    message = refusal(world_of(tmp_path / "volume", ann), spec(source))
    assert "the signature of" in message
    assert "Error" not in message


def test_a_signature_about_shards_says_how_to_sign(tmp_path: Path, source: str, ann: Signer) -> None:
    ann.sign(source, hashing().use_shard_serialization())
    assert "not about the sha256 of whole files" in refusal(world_of(tmp_path / "volume", ann), spec(source))


def test_a_key_that_cannot_be_used_does_not_keep_the_others_from_being_tried(
    tmp_path: Path, source: str, ann: Signer
) -> None:
    ann.sign(source)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    other = rsa.generate_private_key(65537, 2048).public_key().public_bytes(serialization.Encoding.PEM, form)
    keys = {"keys/a.pem": b"-----BEGIN PUBLIC KEY-----\nrubbish", "keys/b.pem": other}
    refusal(with_keys(tmp_path / "volume", keys), spec(source))
    assert isinstance(content(with_keys(tmp_path / "volume", {**keys, "keys/c.pem": ann.public}), spec(source)), Known)


def test_each_source_of_a_model_is_signed_for_itself(tmp_path: Path, ann: Signer) -> None:
    sources = {
        number: Source(uri=write(tmp_path / f"v{number}", {"model.py": str(number).encode()})) for number in (1, 2)
    }
    model = ModelSpec(name="m", file="models.d/m.yaml", framework="python", versions=sources)
    ann.sign(sources[1].uri)
    assert f"{sources[2].uri} is not signed" in refusal(world_of(tmp_path / "volume", ann), model)
    ann.sign(sources[2].uri)
    assert isinstance(content(world_of(tmp_path / "volume", ann), model), Known)


def test_a_signature_taken_from_another_model_does_not_do(tmp_path: Path, source: str, ann: Signer) -> None:
    other = write(tmp_path / "other", {**MODEL, "1/model.py": b"another"})
    Path(source, "model.sig").write_bytes(ann.sign(other))
    assert "altered: 1/model.py" in refusal(world_of(tmp_path / "volume", ann), spec(source))


def test_what_was_fetched_before_anybody_asked_for_signatures_is_judged_as_well(
    world: World, web: Web, source: str, ann: Signer
) -> None:
    plain = spec(source)
    world.fetch(plain)
    assert isinstance(world.volume.resolve(plain), Known)
    assert "is not signed" in refusal(world_of(world.root, ann), plain)
    single = spec(Source(uri=web.put("/m/model.onnx", b"weights", ETag="1")))
    world.fetch(single)
    assert "a source of one file cannot hold a signature" in refusal(world_of(world.root, ann), single)


def test_a_pinned_digest_that_needs_no_look_at_the_source_is_judged_as_well(
    world: World, source: str, ann: Signer, bob: Signer
) -> None:
    bob.sign(source)
    world.fetch(spec(source))
    (manifest,) = [
        path.name
        for path in (world.ours / "blobs").glob("*/*")
        if path.read_bytes().endswith(b"  model.sig\n") and b"config.pbtxt" in path.read_bytes()
    ]
    pinned = spec(Source(uri="/nowhere", digest=f"sha256:{manifest}"))  # type: ignore[arg-type]
    assert isinstance(world.volume.resolve(pinned), Known)
    assert "none of the keys" in refusal(world_of(world.root, ann), pinned)
    assert isinstance(content(world_of(world.root, bob), pinned), Known)


def test_without_the_package_it_says_which_one_to_install(
    tmp_path: Path, source: str, ann: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann.sign(source)
    monkeypatch.setitem(sys.modules, "model_signing.verifying", None)
    found = content(world_of(tmp_path / "volume", ann), spec(source))
    assert isinstance(found, Unavailable)
    assert (found.reason, found.terminal) == (Reason.EXTRA_MISSING, True)
    assert "pip install 'triton-reconcile[signing]'" in found.message


def test_a_signature_that_is_damaged_on_the_volume_is_told_and_not_taken_for_a_bad_one(
    tmp_path: Path, source: str, ann: Signer
) -> None:
    bundle = ann.sign(source)
    world = world_of(tmp_path / "volume", ann)
    world.fetch(spec(source))
    (blob,) = [path for path in (world.ours / "blobs").glob("*/*") if path.read_bytes() == bundle]
    times = blob.stat().st_mtime_ns
    blob.chmod(0o644)
    blob.write_bytes(bytes(len(bundle)))
    os.utime(blob, ns=(times, times))
    found = world.volume.resolve(spec(source))
    assert isinstance(found, Unavailable)
    assert not found.terminal
    assert str(blob) in found.message


def test_a_signature_that_is_nested_without_end_is_a_bad_one(tmp_path: Path, ann: Signer) -> None:
    source = write(tmp_path / "source", {**MODEL, "model.sig": b"[" * 200_000})
    assert "is not good" in refusal(world_of(tmp_path / "volume", ann), spec(source))
