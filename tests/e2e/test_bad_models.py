"""Models that a real Triton will not take, and changes that a guard refuses: what serves goes on serving."""

from collections.abc import Iterator

import pytest

from tests.e2e.bad_world import document, mentions
from tests.e2e.served_world import Stage, staged

pytestmark = [pytest.mark.slow, pytest.mark.triton]

BAD = ("boom", "pinned", "preflight", "probed", "rejected")
PROBE = "[{{inputs: [{{name: IN, datatype: FP32, shape: [1], data: [1]}}], outputs: [{{name: OUT, data: [{data}]}}]}}]"
POLICY = "apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {maxRemovals: 30%}}\n"
UNVERIFIED = POLICY.replace("maxRemovals: 30%", "verifyCommits: {mode: head, allowedSigners: signers}")
SIGNERS = b"ann ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFqgP+AYTn6fwbEI2pt8yitHFixfchix+iV2YTIum8Aw\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("models"), *BAD, "good") as made:
        yield made


@pytest.mark.parametrize(
    ("kept", "settings", "told"),
    [
        ((), "", ("EmptyRefused: ", "all 6 would be removed", "Reconcile-Allow-Removals: 6", "--allow-removals 6")),
        (
            ("good",),
            POLICY,
            ("RemovalsExceeded: 5 of 6 models would be removed", "maxRemovals is 30%", "--allow-removals 5"),
        ),
        (("good",), UNVERIFIED, ("CommitNotVerified: ", "is not trusted: it is not signed")),
    ],
    ids=["everything", "too many", "not verified"],
)
def test_what_a_guard_refuses_is_not_done_at_all(
    stage: Stage, kept: tuple[str, ...], settings: str, told: tuple[str, ...]
) -> None:
    ground = stage.ground
    sources = {name: str(ground.folder / "sources" / name) for name in kept}
    settings_file = ground.repository / "reconciler.yaml"
    ground.want(
        {name: document(name, source) for name, source in sources.items()},
        {"models.d/README.md": b"", "signers": SIGNERS, **({"reconciler.yaml": settings.encode()} if settings else {})},
    )
    before = stage.everything()
    plan, apply = ground.run("plan"), ground.run("apply")
    settings_file.unlink(missing_ok=True)
    assert (plan.code, apply.code) == (4, 4)
    mentions(plan.said, *told)
    mentions(apply.said, *told)
    assert "started" not in apply.out
    if settings:
        settings_file.write_text(settings)
    assert stage.everything() == before
    settings_file.unlink(missing_ok=True)


def test_good_models_converge_among_bad_ones_of_which_the_former_generation_stays_served(stage: Stage) -> None:
    ground, before, files = stage.ground, stage.served(), stage.ground.served_files()
    broken = ground.source("broken")
    (broken / "config.pbtxt").write_text("backendd: 3\n")
    three = str(ground.source("three", factor=3))
    ground.want(
        {
            "good": document("good", three, probe=PROBE.format(data=3)),
            "boom": document("boom", str(ground.source("crash", initialize="raise RuntimeError('out of tune')"))),
            "pinned": document("pinned", f"{{uri: {three}, digest: sha256:{'0' * 64}}}"),
            "preflight": document("preflight", str(broken)),
            "probed": document("probed", three, probe=PROBE.format(data=4)),
            "rejected": document("rejected", three, updat="auto"),
        }
    )
    answer, again = ground.run("apply"), ground.run("apply", "-o", "json")
    assert answer.code == 6
    mentions(
        answer.out,
        "failed: LoadFailed: ",
        "RuntimeError: out of tune",
        "the model's content or config has to change; trying again will not mend it",
        "failed: ProbeFailed: probed on grpc://",
        "OUT[0] is 3.0, expected 4.0; either the model is not the one that was meant",
        "DigestMismatch: ",
        'PreflightFailed: config.pbtxt:1:1: Message type "ModelConfig" has no field named "backendd"; what is active',
        "Not ready: probed: ProbeFailed: ",
        f"{before['probed'].removeprefix('sha256:')[:12]} goes on serving",
    )
    mentions(answer.err, "models.d/rejected.yaml:7:3: spec.updat: found an unknown field, expected update")
    after = stage.served()
    assert {name for name in before if after[name] != before[name]} == {"good"}
    assert {name: stage.answer(name) for name in before} == dict.fromkeys(BAD, 2.0) | {"good": 3.0}
    bad_files = {path: content for path, content in files.items() if not path.startswith("good/")}
    assert {path: text for path, text in ground.served_files().items() if not path.startswith("good/")} == bad_files
    assert again.code == 6
    assert {outcome["kind"] for outcome in again.document()["outcomes"]} <= {"prune"}
    stalled = {model["name"] for model in again.document()["plan"]["models"] if model["stalled"]}
    assert stalled == {"boom", "pinned", "preflight", "probed"}


def test_once_all_is_right_again_everything_converges_without_anybody(stage: Stage) -> None:
    five = str(stage.ground.source("five", factor=5))
    stage.ground.want({name: document(name, five) for name in (*BAD, "good")})
    assert stage.ground.run("apply").code == 0
    assert {stage.answer(name) for name in (*BAD, "good")} == {5.0}
