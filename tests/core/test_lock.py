"""Locks as text and back, and what is said of those that do not fit their model."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.checking import documents
from reconciler.core.digest import FileDigest, of_bytes, tree_digest
from reconciler.core.errors import Problem, UsageError
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource, Pin
from reconciler.core.parsing.lock import asked_uri, lock_text
from reconciler.core.parsing.lock_report import Locking
from reconciler.core.parsing.locking import compared, problems_left, to_lock, told, unusable, with_old_lock
from reconciler.core.parsing.parse import parse
from reconciler.core.spec import Desired, ModelSpec, Source

CONFIG = b'name: "m"\nbackend: "python"\n'
SPEC = "{framework: python, source: s3://b/m/}"
PAIR = "{framework: python, versions: {1: s3://b/one/, 2: {uri: s3://b/two.tar, include: [a, b], unpack: never}}}"


def model(spec: str = SPEC, name: str = "m") -> bytes:
    return f"apiVersion: reconciler/v1\nkind: Model\nmetadata: {{name: {name}}}\nspec: {spec}\n".encode()


def locked(files: Mapping[str, bytes], pins: Mapping[str, Pin] | None = None, **more: Any) -> LockedSource:
    found = (
        LockedFile(file=FileDigest(path=path, size=len(text), digest=of_bytes(text)), pin=(pins or {}).get(path, Pin()))
        for path, text in sorted(files.items(), key=lambda item: item[0].encode())
    )
    configs = {path: text for path, text in files.items() if path == "config.pbtxt"}
    return LockedSource(files=tuple(found), configs=configs, **more)


WHOLE = locked({"config.pbtxt": CONFIG, "1/model.py": b"one"}, {"1/model.py": Pin(fingerprint='"e"', version="1e5")})
LOCK = lock_text(ModelSpec(name="m", file="", framework="", source=Source(uri="s3://b/m/")), {None: WHOLE})


def read(lock: bytes, spec: str = SPEC, name: str = "m", **more: Any) -> Desired:
    files = {f"models.d/{name}.yaml": model(spec, name), f"models.d/{name}.lock": lock}
    return parse(files, revision="r", **more)


def refusals(lock: bytes, spec: str = SPEC) -> list[str]:
    desired = read(lock, spec)
    assert desired.models == {}
    return [str(problem) for problem in desired.rejected["m"]]


def source_of(desired: Desired, name: str = "m") -> Source:
    assert dict(desired.rejected) == {}
    source = desired.models[name].source
    assert source is not None
    return source


def test_a_lock_reads_as_it_is_written_down_here() -> None:
    one, config = of_bytes(b"one"), of_bytes(CONFIG)
    assert (
        LOCK.decode()
        == f"""\
# Written by `reconcile lock m`: run it again when a source changes.
apiVersion: reconciler/v1
kind: Lock
metadata:
  name: m
spec:
  source:
    configs:
      config.pbtxt: |
        name: "m"
        backend: "python"
    digest: {WHOLE.digest}
    exclude: []
    files:
      1/model.py: {{digest: '{one}', fingerprint: '"e"', size: 3, version: 1e5}}
      config.pbtxt: {{digest: '{config}', size: 28}}
    include: ['**']
    unpack: auto
    uri: s3://b/m/
"""
    )


def test_a_model_with_a_lock_has_every_file_of_it() -> None:
    source = source_of(read(LOCK))
    assert source.locked == WHOLE
    assert source == Source(uri="s3://b/m/", locked=WHOLE)
    assert WHOLE.digest == tree_digest(WHOLE.content)
    assert WHOLE.size == 31


def test_each_version_has_a_lock_of_its_own_and_an_archive_is_named() -> None:
    archive = LockedArchive(path="two.tar", size=4, pin=Pin(version="v"))
    found: dict[int | None, LockedSource] = {1: locked({"m.py": b"1"}), 2: locked({"a": b"2"}, archive=archive)}
    sources = {1: Source(uri="s3://b/one/"), 2: Source(uri="s3://b/two.tar", include=("a", "b"))}
    text = lock_text(ModelSpec(name="m", file="", framework="", versions=sources), found)
    desired = read(text, PAIR.replace(", unpack: never", ""))
    assert {key: source.locked for key, source in desired.models["m"].versions.items()} == found
    assert desired.models["m"].source is None
    unsized = LockedSource(files=found[2].files, archive=LockedArchive(path="x.zip"))
    text = lock_text(ModelSpec(name="m", file="", framework="", source=Source(uri="s3://b/m/")), {None: unsized})
    assert source_of(read(text)).locked == unsized


PATHS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/\\"), min_size=1)
NAMES = PATHS.filter(lambda path: path not in (".", "..")).map(lambda path: path[:200])
PINS = (
    st.none()
    | st.text(min_size=1).filter(lambda text: text.isprintable())
    | st.from_regex(r"[0-9.e:+-]+", fullmatch=True)
)


@settings(deadline=None, max_examples=50)
@given(
    files=st.dictionaries(
        NAMES, st.tuples(st.integers(0, 2**60), st.builds(Pin, fingerprint=PINS, version=PINS)), min_size=1
    ),
    config=st.text().map(lambda text: text.encode(errors="replace")),
)
def test_whatever_a_source_holds_its_lock_says_exactly_that(files: dict[str, tuple[int, Pin]], config: bytes) -> None:
    rows = {
        path: LockedFile(file=FileDigest(path=path, size=n, digest=of_bytes(b"x")), pin=pin)
        for path, (n, pin) in files.items()
    }
    rows["config.pbtxt"] = LockedFile(file=FileDigest(path="config.pbtxt", size=len(config), digest=of_bytes(config)))
    ordered = tuple(rows[path] for path in sorted(rows, key=str.encode))
    found = LockedSource(files=ordered, configs={"config.pbtxt": config})
    spec = ModelSpec(name="m", file="", framework="", source=Source(uri="s3://b/m/"))
    text = lock_text(spec, {None: found})
    assert source_of(read(text)).locked == found
    assert lock_text(spec, {None: source_of(read(text)).locked or found}) == text


def test_a_config_that_is_no_text_and_more_files_than_a_lock_can_name_cannot_be_locked() -> None:
    spec = ModelSpec(name="m", file="", framework="", source=Source(uri="/a"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        lock_text(spec, {None: locked({"config.pbtxt": b"\xff"})})
    with pytest.raises(ValueError, match="larger than 100 bytes"):
        lock_text(spec, {None: WHOLE}, limit=100)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("s3://b/m?versionId=3", "s3://b/m?versionId=3"),
        ("https://h/m.tar", "https://h/m.tar"),
        ("HTTPS://h/m?sig=hunter2", f"HTTPS://h/m?sha256={of_bytes(b'sig=hunter2').removeprefix('sha256:')}"),
        ("./a?b", "./a?b"),
    ],
)
def test_the_uri_is_told_as_it_was_asked_for_but_for_what_may_be_a_signature(written: str, told: str) -> None:
    assert asked_uri(Source(uri=f"/r/{written}", written=written)) == told
    assert asked_uri(Source(uri=written)) == told


def test_a_relative_source_is_locked_as_it_is_written_so_that_the_lock_holds_wherever_it_is_read() -> None:
    spec = "{framework: python, source: ./files}"
    (there,) = parse({"models.d/m.yaml": model(spec)}, revision="r", root="/there").models.values()
    text = lock_text(there, {None: WHOLE})
    source = source_of(read(text, spec, root="/here"))
    assert (source.uri, source.locked) == ("/here/files", WHOLE)


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        (
            "{framework: python, source: s3://b/n/}",
            'models.d/m.lock:19:10: spec.source.uri: found "s3://b/m/", expected "s3://b/n/", as models.d/m.yaml',
        ),
        (
            "{framework: python, source: {uri: s3://b/m/, include: [a, b]}}",
            "models.d/m.lock:17:14: spec.source.include: found [**], expected [a, b], as",
        ),
        (
            "{framework: python, source: {uri: s3://b/m/, exclude: [c]}}",
            "models.d/m.lock:13:14: spec.source.exclude: found [], expected [c], as",
        ),
        (
            "{framework: python, source: {uri: s3://b/m/, unpack: never}}",
            'models.d/m.lock:18:13: spec.source.unpack: found "auto", expected "never", as',
        ),
        (
            f"{{framework: python, source: {{uri: s3://b/m/, digest: {of_bytes(b'')}}}}}",
            f"models.d/m.lock:12:13: spec.source.digest: found {WHOLE.digest}, expected {of_bytes(b'')}, as",
        ),
        (
            "{framework: python, source: s3://b/m/, versions: {2: s3://b/2}}",
            'models.d/m.lock:7:3: spec.versions["2"]: found nothing, expected a source of version 2, as',
        ),
    ],
)
def test_a_lock_that_was_written_for_something_else_is_refused_at_the_place(spec: str, refused: str) -> None:
    (found,) = refusals(LOCK, spec)
    assert found.startswith(refused), found
    assert found.endswith("run `reconcile lock m`")


def test_sources_that_came_and_went_are_each_told() -> None:
    found = refusals(LOCK, "{framework: python, versions: {2: s3://b/2, 1: s3://b/1}}")
    assert [text.partition(": ")[2].partition(", as ")[0] for text in found] == [
        "spec.source: found a source of the whole model, expected none",
        'spec.versions["1"]: found nothing, expected a source of version 1',
        'spec.versions["2"]: found nothing, expected a source of version 2',
    ]
    one = lock_text(
        ModelSpec(name="m", file="", framework="", versions={7: Source(uri="s3://b/7")}), {7: locked({"a": b"1"})}
    )
    assert [text.partition(", as ")[0].partition(": ")[2] for text in refusals(one)] == [
        'spec.versions["7"]: found a source of version 7, expected none',
        "spec.source: found nothing, expected a source of the whole model",
    ]


def test_a_digest_that_is_pinned_and_locked_alike_fits() -> None:
    spec = f"{{framework: python, source: {{uri: s3://b/m/, digest: {WHOLE.digest}}}}}"
    assert source_of(read(LOCK, spec)).digest == WHOLE.digest


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("name: m\n", "name: n\n", '5:9: metadata.name: found "n", expected "m", as the file is called'),
        ("name: m\n", "nam: m\n", "5:3: metadata.nam: found an unknown field"),
        ("reconciler/v1", "reconciler/v2", '2:13: apiVersion: found "reconciler/v2", expected reconciler/v1'),
        ("kind: Lock", "kind: Model", '3:7: kind: found "Model", expected Lock'),
        ("size: 3", "size: -3", "15:"),
        ("size: 3", "size: true", "15:"),
        ("size: 3", "siz: 3", "15:"),
        ("1/model.py:", "../model.py:", '15:7: spec.source.files["../model.py"]: found the key'),
        ("1/model.py:", "a//model.py:", "15:7: "),
        ("version: 1e5", "version: ''", "15:"),
        ("digest: 'sha256:", "digest: 'sha512:", "15:"),
        ('"python"', '"other"', "9:21: spec.source.configs"),
        ("      config.pbtxt: |", "      other.pbtxt: |", '9:7: spec.source.configs["config.pbtxt"]: found another'),
        ("uri: s3://b/m/", "uri: s3://u:hunter2@b/m/", "19:10: spec.source.uri: found "),
        ("    files:", "    file:", "14:5: spec.source.file: found an unknown field"),
    ],
)  # fmt: skip
def test_a_lock_that_somebody_wrote_to_is_refused_at_the_place(before: str, after: str, refused: str) -> None:
    text = LOCK.decode().replace(before, after, 1)
    found = refusals(text.encode())
    assert any(problem.startswith(f"models.d/m.lock:{refused}") for problem in found), found
    assert "hunter2" not in str(found)


def test_a_digest_that_is_not_that_of_the_files_is_refused() -> None:
    text = LOCK.decode().replace(str(WHOLE.digest), str(of_bytes(b"")))
    (found,) = refusals(text.encode())
    assert found.startswith(f"models.d/m.lock:12:13: spec.source.digest: found {of_bytes(b'')}, while `files` make")


def test_a_lock_with_the_marks_of_a_merge_in_it_is_refused() -> None:
    (found,) = refusals(LOCK.replace(b"    files:\n", b"<<<<<<< HEAD\n    files:\n"))
    assert "a mistake in the YAML" in found


def test_files_are_written_as_people_may_write_them_too() -> None:
    text = LOCK.decode().replace("version: 1e5", "version: 12345")
    source = source_of(read(text.encode()))
    assert source.locked is not None
    assert [each.pin.version for each in source.locked.files] == ["12345", None]


@pytest.mark.parametrize("files", ["[]", "{}", "{a: 1}", "~"])
def test_files_that_are_no_mapping_of_files_are_refused(files: str) -> None:
    document = yaml.safe_load(LOCK)
    document["spec"]["source"]["files"] = yaml.safe_load(files)
    assert refusals(yaml.safe_dump(document).encode())


def test_a_lock_may_be_longer_than_what_people_write() -> None:
    many = locked({f"1/part-{number:05}": b"" for number in range(6000)})
    spec = ModelSpec(name="m", file="", framework="", source=Source(uri="s3://b/m/"))
    text = lock_text(spec, {None: many}) + b"#" * (1 << 20)
    assert source_of(read(text)).locked == many
    (found,) = refusals(b" " * ((32 << 20) + 1))
    assert found == "models.d/m.lock:1:1: found a file of more than 32 MiB, expected what `reconcile lock` writes"
    assert documents.read("f", b"a: [" + b"1," * 60_000 + b"]", limits=documents.BY_PROGRAM)[1] == ()


def test_a_lock_without_its_model_is_an_error_and_holds_what_is_served() -> None:
    desired = parse({"models.d/a/m.lock": LOCK}, revision="r")
    (problem,) = desired.rejected["m"]
    assert (problem.file, problem.line, problem.column, problem.found) == ("models.d/a/m.lock", 1, 1, "a lock of m")
    assert problem.expected == "it beside its model, models.d/a/m.yaml, which does not exist: delete the lock"


def test_a_lock_elsewhere_or_under_another_ending_is_not_passed_over() -> None:
    desired = parse({"models.d/m.yaml": model(), "models.d/a/m.lock": LOCK, "models.d/m.LOCK": LOCK}, revision="r")
    assert [problem.file for problem in desired.rejected["m"]] == ["models.d/a/m.lock", "models.d/m.LOCK"]
    assert all("beside its model, models.d/m.yaml" in str(problem) for problem in desired.rejected["m"])


def test_hidden_locks_and_those_of_other_programs_elsewhere_are_ignored() -> None:
    files = {"models.d/m.yaml": model(), "models.d/.m.lock": b"x", "uv.lock": b"x", "models.d/.git/m.lock": b"x"}
    assert set(parse(files, revision="r").models) == {"m"}


def test_where_digests_are_required_a_lock_will_do() -> None:
    settings = b"apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {requireDigest: true}}\n"
    files = {"reconciler.yaml": settings, "models.d/m.yaml": model(), "models.d/m.lock": LOCK}
    assert set(parse(files, revision="r").models) == {"m"}
    del files["models.d/m.lock"]
    assert "or a lock by `reconcile lock`" in str(parse(files, revision="r").rejected["m"][0])
    assert set(parse(files, revision="r", locking=True).models) == {"m"}


def test_where_sources_are_restricted_a_lock_is_no_way_around() -> None:
    settings = b"apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {allowedSources: [s3://ok/]}}\n"
    files = {"reconciler.yaml": settings, "models.d/m.yaml": model(), "models.d/m.lock": LOCK}
    assert "policy.allowedSources" in str(parse(files, revision="r").rejected["m"][0])


def test_whoever_writes_locks_reads_models_as_if_there_were_none() -> None:
    desired = read(b"no lock at all", locking=True)
    assert source_of(desired).locked is None


def desired_of(**files: bytes) -> Desired:
    return parse({f"models.d/{name}.yaml": text for name, text in files.items()}, revision="r")


def test_all_models_with_sources_are_locked_or_those_that_are_named() -> None:
    ensemble = model("{framework: ensemble, config: {ensemble_scheduling: {step: []}}}", "e")
    desired = desired_of(b=model(name="b"), a=model(name="a"), e=ensemble, bad=b"")
    assert [each.name for each in to_lock(desired, ())] == ["a", "b"]
    assert [each.name for each in to_lock(desired, ("b", "bad"))] == ["b"]
    with pytest.raises(UsageError, match="no model called nix") as raised:
        to_lock(desired, ("nix", "a"))
    assert raised.value.hint == "the repository has: a, b, e"
    with pytest.raises(UsageError) as raised:
        to_lock(desired_of(), ("a",))
    assert raised.value.hint == "the repository has: no models"


def test_what_is_left_to_tell_are_faults_that_no_writing_of_locks_mends() -> None:
    files = {
        "models.d/m.yaml": model(),
        "models.d/m.lock": b"",
        "models.d/bad.yaml": b"",
        "models.d/bad.lock": b"",
        "models.d/lost.lock": LOCK,
    }
    strict, free = (parse(files, revision="r", locking=locking) for locking in (False, True))
    assert [problem.file for problem in problems_left(free, strict)] == ["models.d/bad.yaml", "models.d/lost.lock"]
    files["reconciler.yaml"] = b""
    strict, free = (parse(files, revision="r", locking=locking) for locking in (False, True))
    assert "reconciler.yaml" in {problem.file for problem in problems_left(free, strict)}
    assert to_lock(free, ("nix",)) == []


def test_a_lock_is_missing_or_does_not_fit_or_is_what_the_model_has() -> None:
    (spec,) = read(LOCK, locking=True).models.values()
    assert with_old_lock(spec, {}) == (None, None, ())
    content, fitted, faults = with_old_lock(spec, {"models.d/m.lock": LOCK})
    assert (content, faults) == (LOCK, ())
    assert fitted is not None
    assert fitted.source is not None
    assert fitted.source.locked == WHOLE
    assert unusable(spec, "f", ()).state is Locking.MISSING
    fault = Problem(file="f", line=1, column=2, path="", found="a", expected="b")
    assert unusable(spec, "f", (fault,)).message == "f:1:2: found a, expected b"
    assert unusable(spec, "f", (fault, fault)).message.endswith(" (and 1 more)")


def test_a_lock_is_stale_where_the_sources_hold_something_else() -> None:
    (spec,) = read(LOCK).models.values()
    same = compared(spec, {None: locked({"config.pbtxt": CONFIG, "1/model.py": b"one"})})
    assert (same.state, same.files, same.size, same.message) == (Locking.TRUE, 2, 31, "")
    new = {"config.pbtxt": CONFIG, "1/model.py": b"two", **dict.fromkeys("abcd", b"")}
    other = compared(spec, {None: locked(new)})
    assert (other.state, other.message) == (Locking.STALE, "changed: 1/model.py; new: a, b, c and 1 more")
    gone = compared(spec, {None: locked({"config.pbtxt": CONFIG})})
    assert gone.message == "gone: 1/model.py"
    versions = ModelSpec(name="v", file="models.d/v.yaml", framework="", versions={3: Source(uri="/a")})
    found = compared(versions, {3: locked({"a": b""})})
    assert (found.message, found.file) == ("new: a (version 3)", "models.d/v.lock")
    assert told(versions, {3: locked({"a": b""})}, Locking.WRITTEN).reason is None
