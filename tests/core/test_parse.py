import datetime
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core import locations, quantities
from reconciler.core.digest import Digest
from reconciler.core.errors import Problem
from reconciler.core.judging.placement import selects
from reconciler.core.parsing.parse import parse
from reconciler.core.selector import Operator, Requirement, Selector
from reconciler.core.spec import (
    CommitSigners,
    Credentials,
    Desired,
    LoadPolicy,
    MaxRemovals,
    ModelSpec,
    Policy,
    Probe,
    ProbeTensor,
    Repository,
    Resources,
    Source,
    Suspend,
    Target,
    Unpack,
    Update,
)
from tests.core.document_tables import agrees, table

DIGEST = "sha256:" + "0123456789abcdef" * 4
WHOLE_MODEL = f"""\
# yaml-language-server: $schema=../schemas/model.schema.json
apiVersion: reconciler/v1
kind: Model
metadata:
  name: densenet
  labels: {{team: vision, tier: gold, version: 1.10, on: no, since: 2026-12-01, n: 010, b: true}}
  annotations: {{}}
spec:
  framework: onnxruntime
  source:
    uri: s3://models/densenet/v7/
    digest: {DIGEST}
    include: ["**"]
    exclude: ["*.md"]
    unpack: never
    credentials: prod-s3
  versions:
    8: {{uri: s3://models/densenet/v8/model.onnx}}
    7: s3://models/densenet/v7/model.onnx
  config:
    max_batch_size: 32
    dynamic_batching: {{preferred_batch_size: [8, 16], max_queue_delay_microseconds: 500}}
    version_policy: ~
    parameters: {{a: {{string_value: 1.10}}}}
  dependsOn: [tokenizer]
  resources: {{memory: 1Gi, gpuMemory: 2G}}
  update: recreate
  load: {{enabled: false, timeout: 1h30m, retries: 5}}
  probe:
    - inputs:  [{{name: IN, datatype: FP32, shape: [2, 1], data: [[1], [2]]}}]
      outputs: [{{name: OUT, data: [2, 4], tolerance: 1e-6}}]
    - inputs:  [{{name: T, datatype: BYTES, shape: [], data: ["1.10"]}}]
      outputs: [{{name: B, datatype: BOOL, shape: [2], data: [true, false]}}]
      timeout: 250ms
  suspend: {{reason: "incident 4711", until: 2026-12-01}}
"""
WHOLE_REPOSITORY = """\
apiVersion: reconciler/v1
kind: Repository
spec:
  defaults: {config: {max_batch_size: 8}, load: {timeout: 20m, retries: 1}, update: replace}
  policy:
    allowedSources: ["s3://models/", "hf://our-org/"]
    requireDigest: false
    maxRemovals: 30%
    allowEmpty: true
    verifyCommits: {mode: head, allowedSigners: .reconciler/allowed_signers, gpgKeys: .reconciler/keys/}
  credentials: {prod-s3: {endpointUrl: "https://s3.example.com", profile: p, fromEnv: PREFIX_}}
  targets:
    prod:
      servers: [grpc://triton-0:8001, dns+grpc://triton-headless:8001, grpcs://t:1, https://t]
      volume: /models
      selector: {matchLabels: {tier: gold}, matchExpressions: [{key: team, operator: In, values: [vision]}]}
      capacity: {memory: 64Gi, gpuMemory: 80Gi, disk: 1024}
      backends: [onnxruntime, python, tensorrt]
  status: {branch: my/status}
"""


SIGNERS = {
    ".reconciler/allowed_signers": b"* ssh-ed25519 "
    b"AAAAC3NzaC1lZDI1NTE5AAAAIFqgP+AYTn6fwbEI2pt8yitHFixfchix+iV2YTIum8Aw\n",
    ".reconciler/keys/tess.asc": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
}
"""The files that it names."""


def model(name: str, spec: str = "{framework: python, source: /a}") -> bytes:
    return f"apiVersion: reconciler/v1\nkind: Model\nmetadata: {{name: {name}}}\nspec: {spec}\n".encode()


def repository(spec: str) -> bytes:
    return f"apiVersion: reconciler/v1\nkind: Repository\nspec: {spec}\n".encode()


def read(files: dict[str, bytes], **more: Any) -> Desired:
    return parse(files, revision="r", **more)


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


@pytest.mark.parametrize("case", table("model.yaml"))
def test_a_model_that_breaks_a_rule_is_rejected_at_the_place(case: Any) -> None:
    head = "apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\n"
    content = case["whole"] if "whole" in case else head + case["spec"]
    desired = read({"models.d/m.yaml": content.encode()})
    assert (dict(desired.models), desired.problems) == ({}, ())
    agrees(desired.rejected["m"], case["wrong"])
    assert "hunter2" not in str(desired)


@pytest.mark.parametrize("case", table("repository.yaml"))
def test_a_repository_file_that_breaks_a_rule_is_refused_at_the_place(case: Any) -> None:
    head = "apiVersion: reconciler/v1\nkind: Repository\n"
    content = case["whole"] if "whole" in case else head + case["spec"]
    desired = read({"reconciler.yaml": content.encode()})
    agrees(desired.problems, case["wrong"])
    assert desired.repository == Repository()
    assert "hunter2" not in str(desired)


def test_every_field_of_a_model_arrives() -> None:
    desired = read(
        {"models.d/team/densenet.yaml": WHOLE_MODEL.encode(), "reconciler.yaml": WHOLE_REPOSITORY.encode(), **SIGNERS}
    )
    assert (dict(desired.rejected), desired.problems) == ({}, ())
    assert desired.models["densenet"] == ModelSpec(
        name="densenet",
        file="models.d/team/densenet.yaml",
        framework="onnxruntime",
        source=Source(
            uri="s3://models/densenet/v7/",
            digest=Digest(DIGEST),
            include=("**",),
            exclude=("*.md",),
            unpack=Unpack.NEVER,
            credentials="prod-s3",
        ),
        versions={
            7: Source(uri="s3://models/densenet/v7/model.onnx"),
            8: Source(uri="s3://models/densenet/v8/model.onnx"),
        },
        config={
            "max_batch_size": 32,
            "dynamic_batching": {"preferred_batch_size": [8, 16], "max_queue_delay_microseconds": 500},
            "version_policy": None,
            "parameters": {"a": {"string_value": "1.10"}},
        },
        labels={
            "team": "vision",
            "tier": "gold",
            "version": "1.10",
            "on": "no",
            "since": "2026-12-01",
            "n": "010",
            "b": "true",
        },
        depends_on=("tokenizer",),
        resources=Resources(memory=2**30, gpu_memory=2 * 10**9),
        update=Update.RECREATE,
        load=LoadPolicy(enabled=False, timeout=5400.0, retries=5),
        probes=(
            Probe(
                inputs=(ProbeTensor(name="IN", datatype="FP32", shape=(2, 1), data=(1, 2)),),
                outputs=(ProbeTensor(name="OUT", datatype="", shape=None, data=(2, 4), tolerance=1e-6),),
                timeout=5.0,
            ),
            Probe(
                inputs=(ProbeTensor(name="T", datatype="BYTES", shape=(), data=("1.10",)),),
                outputs=(ProbeTensor(name="B", datatype="BOOL", shape=(2,), data=(True, False)),),
                timeout=0.25,
            ),
        ),
        suspend=Suspend(reason="incident 4711", until=datetime.date(2026, 12, 1)),
    )


def test_every_field_of_the_repository_file_arrives() -> None:
    expression = Requirement(key="team", operator=Operator.IN, values=("vision",))
    assert read({"reconciler.yaml": WHOLE_REPOSITORY.encode(), **SIGNERS}).repository == Repository(
        default_config={"max_batch_size": 8},
        policy=Policy(
            allowed_sources=("s3://models/", "hf://our-org/"),
            max_removals=MaxRemovals(percent=30.0),
            allow_empty=True,
            commit_signers=CommitSigners(file=".reconciler/allowed_signers", folder=".reconciler/keys/", files=SIGNERS),
        ),
        credentials={"prod-s3": Credentials(endpoint_url="https://s3.example.com", profile="p", from_env="PREFIX_")},
        targets={
            "prod": Target(
                name="prod",
                servers=("grpc://triton-0:8001", "dns+grpc://triton-headless:8001", "grpcs://t:1", "https://t"),
                volume="/models",
                selector=Selector(match_labels={"tier": "gold"}, match_expressions=(expression,)),
                capacity=Resources(memory=64 * 2**30, gpu_memory=80 * 2**30, disk=1024),
                backends=("onnxruntime", "python", "tensorrt"),
            )
        },
        status_branch="my/status",
    )


def test_without_a_repository_file_the_defaults_hold() -> None:
    desired = read({"models.d/m.yaml": model("m")})
    assert desired.repository == Repository()
    assert desired.models["m"] == ModelSpec(
        name="m", file="models.d/m.yaml", framework="python", source=Source(uri="/a")
    )


def test_defaults_are_merged_field_by_field_and_default_config_is_kept_apart() -> None:
    settings = repository(
        "{defaults: {config: {max_batch_size: 8}, load: {timeout: 20m, retries: 1}, update: replace}}"
    )
    spec = "{framework: python, source: /a, load: {retries: 2}}"
    desired = read({"reconciler.yaml": settings, "models.d/m.yaml": model("m", spec)})
    assert desired.models["m"].load == LoadPolicy(enabled=True, timeout=1200.0, retries=2)
    assert desired.models["m"].update is Update.REPLACE
    assert desired.models["m"].config == {}
    assert desired.repository.default_config == {"max_batch_size": 8}


def test_a_count_of_removals_and_an_ensemble_of_config_only() -> None:
    ensemble = "{framework: ensemble, config: {ensemble_scheduling: {step: []}}, suspend: true}"
    desired = read(
        {"reconciler.yaml": repository("{policy: {maxRemovals: 3}}"), "models.d/e.yaml": model("e", ensemble)}
    )
    assert desired.repository.policy.max_removals == MaxRemovals(count=3)
    assert desired.models["e"].sources() == {}
    assert desired.models["e"].suspend == Suspend()


def test_a_broken_repository_file_rejects_every_model_and_each_is_still_checked() -> None:
    files = {
        "reconciler.yaml": repository("{policy: {requireDigests: true}}"),
        "models.d/good.yaml": model("good", "{framework: python, source: {uri: /a, credentials: perhaps}}"),
        "models.d/bad.yaml": model("bad", "{framework: python}"),
        "models.d/unreadable.yaml": b"[",
    }
    desired = read(files)
    fault = only(desired.problems)
    assert dict(desired.models) == {}
    assert desired.rejected["good"] == (fault,)
    assert [problem.file for problem in desired.rejected["bad"]] == ["models.d/bad.yaml", "reconciler.yaml"]
    assert fault in desired.rejected["unreadable"]


@pytest.mark.parametrize("content", [b"\xff", b"", b"- a", repository("{}") + b"spec: {}\n"])
def test_an_unreadable_repository_file_is_no_missing_one(content: bytes) -> None:
    desired = read({"reconciler.yaml": content, "models.d/m.yaml": model("m")})
    assert desired.problems
    assert desired.rejected["m"] == desired.problems


@pytest.mark.parametrize("name", ["reconciler.yml", "Reconciler.yaml"])
def test_a_misnamed_repository_file_is_a_fault(name: str) -> None:
    desired = read({name: repository("{}"), "models.d/m.yaml": model("m")})
    assert (
        str(only(desired.problems)) == f"{name}:1:1: found a name that is not read, expected the name reconciler.yaml"
    )
    assert desired.rejected["m"] == desired.problems


def test_two_repository_files_are_a_fault() -> None:
    desired = read({"reconciler.yaml": repository("{}"), "reconciler.yml": repository("{}")})
    assert only(desired.problems).file == "reconciler.yml"
    assert read({"reconciler.yaml": b"", "reconciler.yml": b""}).problems[1].file == "reconciler.yaml"


@pytest.mark.parametrize("name", ["m.yml", "m.YAML", "deep/er/m.Yml"])
def test_a_model_file_with_another_ending_is_rejected_and_not_absent(name: str) -> None:
    problem = only(read({f"models.d/{name}": model("m")}).rejected["m"])
    assert (problem.found, problem.expected) == ("a name that is not read", "the name m.yaml")


def test_files_that_are_not_ours_are_ignored() -> None:
    names = [
        "models.d/.m.yaml",
        "models.d/..data/m.yaml",
        "models.d/README.md",
        "models.d",
        "other/m.yaml",
        "m.yaml",
        "models.d/.hidden/deep/m.yaml",
        "models.d/m.yaml.bak",
    ]
    assert read(dict.fromkeys(names, b"\xff")) == Desired(revision="r")


def test_two_files_of_one_model_are_both_rejected_each_naming_the_other() -> None:
    files = {"models.d/a/m.yaml": model("m"), "models.d/b/m.yaml": model("m"), "models.d/n.yaml": model("n")}
    desired = read(files)
    assert set(desired.models) == {"n"}
    assert [str(problem) for problem in desired.rejected["m"]] == [
        f"models.d/{one}/m.yaml:1:1: metadata.name: found the model m also in models.d/{other}/m.yaml, "
        "expected one file for each model"
        for one, other in ("ab", "ba")
    ]


@pytest.mark.parametrize("stem", ["my model", "..", "ünï", "-x", "a" * 129, "x;rm", "模型"])
def test_a_file_whose_name_triton_cannot_take_is_rejected(stem: str) -> None:
    desired = read({f"models.d/{stem}.yaml": model(f'"{stem}"')})
    assert desired.models == {}
    if not stem.startswith("."):
        assert "a name of 1 to 128" in only(desired.rejected[stem]).expected


def test_all_faults_of_all_files_come_at_once() -> None:
    spec = "{framework: python, source: ./a, load: {timeout: 5}, dependsOn: [m], bogus: 1}"
    wrong = model("other", spec) + b"kind: Model\n"
    desired = read({"models.d/m.yaml": wrong, "models.d/n.yaml": b"["})
    assert sorted(problem.path for problem in desired.rejected["m"]) == [
        "",
        "metadata.name",
        "spec.bogus",
        "spec.dependsOn[0]",
        "spec.load.timeout",
        "spec.source",
    ]
    assert set(desired.rejected) == {"m", "n"}


def test_more_faults_than_a_person_reads_are_cut() -> None:
    fields = ", ".join(f"x{number}: 1" for number in range(1000))
    assert (
        len(read({"models.d/m.yaml": model("m", "{framework: python, source: /a, " + fields + "}")}).rejected["m"])
        == 50
    )


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("./x", "/repo/x"),
        ("x/y", "/repo/x/y"),
        ("../x", "/x"),
        ("/abs/x", "/abs/x"),
        ("s3://b/x", "s3://b/x"),
        ("models:/m/1", "models:/m/1"),
        ("unknown://x", "unknown://x"),
        ("file:///x", "file:///x"),
        ("a b/c", "/repo/a b/c"),
    ],
)
def test_relative_sources_are_meant_from_the_repository(written: str, resolved: str) -> None:
    spec = f'{{framework: python, source: "{written}", versions: {{3: {{uri: "{written}"}}}}}}'
    found = read({"models.d/m.yaml": model("m", spec)}, root="/repo").models["m"]
    assert [source.uri for source in found.sources().values()] == [resolved, resolved]


@pytest.mark.parametrize(
    ("prefix", "uri", "below"),
    [
        ("s3://models-prod/", "s3://models-prod/a", True),
        ("s3://models-prod", "s3://models-prod/a", True),
        ("s3://models-prod/", "s3://models-prod", True),
        ("s3://models-prod/", "s3://models-prod/", True),
        ("s3://models-prod", "s3://models-prod-evil/a", False),
        ("s3://models-prod/", "s3://models-prod-evil/", False),
        ("s3://models-prod/", "s3://models-prod/../evil", False),
        ("s3://models-prod/a/", "s3://models-prod/a/..", False),
        ("s3://models-prod/", "s3://models-prod/%2e%2e/evil", False),
        ("s3://models-prod/", "s3://models-prod/%252e%252e/evil", False),
        ("s3://models-prod/", "s3://models-prod/a\\..\\evil", False),
        ("s3://models-prod/", "s3://models-prod/./a", False),
        ("s3://models-prod/", "s3://models-prod/..a", True),
        ("s3://models-prod/", "S3://models-prod/a", False),
        ("https://h/", "https://h.evil/", False),
        ("https://h/", "https://h@evil/", False),
        ("https://h", "https://h:443@evil/", False),
        ("https://h", "https://h#@evil/", False),
        ("https://h", "https://h?@evil/", False),
        ("https://h", "https://h\\@evil/", False),
        ("https://h/", "HTTPS://H/a", False),
        ("https://h/a/", "https://h/a/..;/b", False),
        ("https://h/a/", "https://h/a/%2e%2e;x/b", False),
        ("s3://b/", "file:///etc/passwd", False),
        ("s3://b/", "file:/etc/passwd", False),
        ("/srv/models", "file://localhost/srv/models/m", False),
        ("https://h", "https://h:8080/", False),
        ("hf://", "hf://org/m", True),
        ("/srv/models", "/srv/models/m", True),
        ("/srv/models", "/srv/models-evil", False),
        ("/", "/anything", True),
        ("/srv/models", "file:///srv/models/m", True),
        ("file:///srv/models/", "/srv/models/m", True),
        ("/srv/models", "file:///srv/models/../etc", False),
        ("s3://b/", "/s3:/b/", False),
    ],
)
def test_a_source_is_below_a_prefix_only_if_nothing_climbs_out(prefix: str, uri: str, *, below: bool) -> None:
    assert locations.is_below(uri, prefix) is below


ALLOWED = "a source below s3://ok/, ./here (policy.allowedSources of reconciler.yaml)"


def test_policy_rejects_sources_that_are_not_allowed_or_carry_no_digest() -> None:
    settings = repository(
        '{policy: {allowedSources: ["s3://ok/", ./here], requireDigest: true}, credentials: {prod: {}}}'
    )
    spec = f"""
      framework: python
      source: {{uri: s3://ok-evil/, digest: {DIGEST}, credentials: prd}}
      versions:
        1: s3://ok/a
        2: {{uri: ./here/m, digest: {DIGEST}, credentials: prod}}
        3: {{uri: "https://elsewhere/m?sig=hunter2", digest: md5:x}}
        4: [x]
"""
    problems = read({"reconciler.yaml": settings, "models.d/m.yaml": model("m", spec)}, root="/repo").rejected["m"]
    assert [(problem.path, problem.found, problem.expected) for problem in problems[2:]] == [
        ("spec.source.uri", '"s3://ok-evil/"', ALLOWED),
        ("spec.source.credentials", '"prd"', "prod (did you mean that?)"),
        (
            'spec.versions["1"]',
            "a source without a digest",
            "a digest, sha256:…, or a lock by `reconcile lock` (policy.requireDigest of reconciler.yaml)",
        ),
        (
            'spec.versions["3"].uri',
            '"https://elsewhere/m?…"',
            ALLOWED,
        ),
    ]
    assert [problem.path for problem in problems[:2]] == ['spec.versions["3"].digest', 'spec.versions["4"]']


def test_a_percent_sign_encoded_for_ever_is_refused_in_no_time() -> None:
    files = {
        "reconciler.yaml": repository('{policy: {allowedSources: ["s3://x/"]}}'),
        "models.d/m.yaml": model("m", '{framework: python, source: "s3://x/%' + "25" * 400_000 + '2e"}'),
        "models.d/n.yaml": model("n", '{framework: python, source: "s3://x/%' + "25" * 2000 + '2e./y"}'),
    }
    rejected = read(files).rejected
    assert [only(rejected[name]).path for name in "mn"] == ["spec.source", "spec.source"]


def test_an_empty_list_of_allowed_sources_allows_nothing() -> None:
    files = {"reconciler.yaml": repository("{policy: {allowedSources: []}}"), "models.d/m.yaml": model("m")}
    assert "below nothing at all" in only(read(files).rejected["m"]).expected


@pytest.mark.parametrize(
    ("message", "allowed"),
    [
        ("", None),
        ("Drop old models\n\nReconcile-Allow-Removals: 12\n", 12),
        ("x\n\nreconcile-allow-removals:7\r\nSigned-off-by: a\r\n", 7),
        ("x\n\nReconcile-Allow-Removals: 12\nReconcile-Allow-Removals: 3\n\nCo-authored-by: b", 3),
        ("x\n\nReconcile-Allow-Removals: all\n", None),
        ("x\n\nReconcile-Allow-Removals: -1\n", None),
        ("x\n\n  > Reconcile-Allow-Removals: 9\n", None),
        ("x\n\nReconcile-Allow-Removals: 9999999999\n", None),
    ],
)
def test_a_commit_may_allow_removals(message: str, allowed: int | None) -> None:
    assert parse({}, revision="r", message=message).allowed_removals == allowed


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("5s", 5), ("250ms", 0.25), ("1.5h", 5400), ("1h1m1s1ms", 3661.001), ("0h1s", 1)],
)
def test_durations_are_seconds(written: str, seconds: float) -> None:
    assert quantities.duration(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "0s", "10", "-5s", "5", "1d", "1m1h", "s", "1e3s", "5s\n", "1 h", "9999999h", "٣s"]
)
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        quantities.duration(written)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("1Ki", 1024),
        ("1k", 1000),
        ("1.5Gi", 3 * 2**29),
        ("500M", 5 * 10**8),
        ("2T", 2 * 10**12),
        ("1Pi", 2**50),
        ("1Ei", 2**60),
        ("0.0001k", 1),
    ],
)
def test_amounts_are_bytes_rounded_up(written: str, size: int) -> None:
    assert quantities.byte_count(written) == size


@pytest.mark.parametrize("written", ["", "-1", "1K", "1GB", "0.5", "1e3", "1 Gi", "Gi", "1gi", "1m", "1Gi\n"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        quantities.byte_count(written)


@pytest.mark.parametrize(
    ("written", "percent"), [("0%", 0), ("30%", 30), ("33.3%", 33.3), ("100%", 100), ("100.0%", 100)]
)
def test_percentages_are_numbers_up_to_a_hundred(written: str, percent: float) -> None:
    assert quantities.percentage(written) == percent
    with pytest.raises(ValueError, match="not of the form"):
        quantities.percentage(written.replace("%", "0000001%"))


LABELS = {"tier": "gold", "team": "vision"}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        (Operator.IN, "tier", ("gold", "x"), True),
        (Operator.IN, "tier", ("x",), False),
        (Operator.IN, "no", ("x",), False),
        (Operator.NOT_IN, "tier", ("gold",), False),
        (Operator.NOT_IN, "tier", ("x",), True),
        (Operator.NOT_IN, "no", ("x",), True),
        (Operator.EXISTS, "tier", (), True),
        (Operator.EXISTS, "no", (), False),
        (Operator.DOES_NOT_EXIST, "tier", (), False),
        (Operator.DOES_NOT_EXIST, "no", (), True),
    ],
)
def test_operators_select_as_in_kubernetes(
    operator: Operator, key: str, values: tuple[str, ...], *, holds: bool
) -> None:
    condition = Requirement(key=key, operator=operator, values=values)
    assert selects(Selector(match_expressions=(condition,)), LABELS) is holds
    assert selects(Selector(match_labels={"tier": "gold"}, match_expressions=(condition,)), LABELS) is holds
    assert selects(Selector(match_labels={"tier": "x"}, match_expressions=(condition,)), LABELS) is False


def test_an_empty_selector_selects_everything() -> None:
    assert selects(Selector(), {})
    assert not selects(Selector(match_labels={"a": ""}), {})


FILES = {
    "reconciler.yaml": WHOLE_REPOSITORY.encode(),
    **SIGNERS,
    "models.d/a/densenet.yaml": WHOLE_MODEL.encode(),
    "models.d/b/m.yaml": model("m"),
    "models.d/c/m.yaml": model("other", "{}"),
    "models.d/n.yml": model("n"),
}


def test_the_same_files_in_any_order_are_the_same_desired_state() -> None:
    first = repr(read(FILES))
    assert all(
        repr(read(dict(order))) == first
        for order in itertools.islice(itertools.permutations(FILES.items()), 0, None, 7)
    )


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["reconciler.yaml", "models.d/m.yaml", "models.d/n.yaml", "models.d"]), st.binary())
)
def test_any_bytes_are_desired_or_rejected(files: dict[str, bytes]) -> None:
    desired = read(files)
    named = {name.removeprefix("models.d/").removesuffix(".yaml") for name in files if name.startswith("models.d/")}
    assert set(desired.rejected) == named
    assert bool(desired.problems) == ("reconciler.yaml" in files)


SCALARS = st.sampled_from(
    [
        "~",
        "1.10",
        "-1",
        "''",
        "yes",
        "true",
        "[]",
        "{}",
        "[[], {}]",
        "{a: b}",
        "999999999999999999999",
        "s3://x:y@z",
        "0x1F",
        ".nan",
        "1e9",
        "*a",
        "&a x",
        "10m",
        "1Gi",
        "2026-13-01",
        "../..",
        "[~]",
        "[{}]",
        "{uri: 3}",
        '"\\0"',
        "[1, [2, [3]]]",
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_mutation_of_a_valid_file_is_desired_or_rejected(data: st.DataObject) -> None:
    which = data.draw(st.sampled_from(["reconciler.yaml", "models.d/a/densenet.yaml"]))
    lines = FILES[which].decode().split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[row].partition(": ")
        lines[row] = data.draw(
            st.sampled_from(["", key + colon + data.draw(SCALARS), "  " + lines[row], lines[row] * 2])
        )
    desired = read({**FILES, which: "\n".join(lines).encode()}, root="/repo")
    assert ("densenet" in desired.models) != ("densenet" in desired.rejected)
    assert all(found for found in desired.rejected.values())


SPEC_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SPEC_FIELDS = (
    "framework",
    "source",
    "versions",
    "config",
    "dependsOn",
    "resources",
    "update",
    "load",
    "probe",
    "suspend",
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(SPEC_FIELDS),
        SPEC_VALUES
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "inputs": SPEC_VALUES | st.lists(SPEC_VALUES, max_size=2),
                    "outputs": SPEC_VALUES,
                    "timeout": SPEC_VALUES,
                },
            )
        ),
    )
)
def test_any_values_in_any_field_are_desired_or_rejected(spec: dict[str, object]) -> None:
    desired = read({"models.d/m.yaml": model("m", json.dumps(spec))})
    assert ("m" in desired.models) != ("m" in desired.rejected)


def test_the_host_of_a_url_may_be_an_ipv6_address() -> None:
    head = "apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\n"
    content = f'{head}spec: {{framework: python, source: "http://[2001:db8::1]:8080/m.onnx"}}\n'
    desired = read({"models.d/m.yaml": content.encode()})
    assert desired.problems == ()
    assert desired.models["m"].source == Source(uri="http://[2001:db8::1]:8080/m.onnx")


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("https://git.example:8443/m/commit/{revision}", True),
        ("https://git.example/m/?id={revision}", True),
        ("https://user:s3cret@git.example/m/{revision}", False),
        ("https://git.example/m/commit/", False),
        ("javascript:alert('{revision}')", False),
        ("https://git.example/m/{revision})|x", False),
    ],
)
def test_where_commits_are_shown_is_a_plain_web_address_with_the_revision(url: str, *, sound: bool) -> None:
    text = f'apiVersion: reconciler/v1\nkind: Repository\nspec: {{status: {{commitUrl: "{url}"}}}}\n'
    desired = parse({"reconciler.yaml": text.encode()}, revision="c1", message="")
    assert (desired.repository.commit_url == url) == sound
    assert bool(desired.problems) != sound
