"""What a command is about: targets, selectors, MODEL arguments. What they leave out decides nothing and is not told."""

from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.git_remotes import git

TARGETS = b"""
apiVersion: reconciler/v1
kind: Repository
spec:
  targets:
    gold: {selector: {matchLabels: {tier: gold}}}
    silver: {selector: {matchExpressions: [{key: tier, operator: NotIn, values: [gold]}]}}
"""
NOWHERE = "http://127.0.0.1:9/nothing"


def labelled(name: str, source: str, tier: str) -> str:
    """A model's file with a label."""
    return document(name, source).replace(f"{{name: {name}}}", f"{{name: {name}, labels: {{tier: {tier}}}}}")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(folder=tmp_path).begin()


def status_branch(ground: Ground) -> str:
    return git(ground.repository, "for-each-ref", "refs/heads/reconciler-status")


def test_a_source_of_another_target_that_cannot_be_read_does_not_matter_here(ground: Ground) -> None:
    models = {"q": labelled("q", str(ground.source("q")), "gold"), "z": labelled("z", NOWHERE, "silver")}
    ground.want(models, {"reconciler.yaml": TARGETS})
    assert ground.run("apply", target="gold").code == 0
    answer = ground.run("plan", target="gold")
    assert answer.code == 0, answer.said
    assert NOWHERE not in answer.said


def test_a_source_that_was_not_asked_for_does_not_matter_and_its_model_is_not_told_of(ground: Ground) -> None:
    ground.want({"q": document("q", str(ground.source("q"))), "z": document("z", NOWHERE)})
    applied = ground.run("apply", "q")
    assert applied.code == 0, applied.said
    assert "Not ready: z" not in applied.said
    planned = ground.run("plan", "q")
    assert planned.code == 0, planned.said
    mentions(planned.out, "1 other model was not asked for.")
    assert "held" not in planned.out


def test_the_status_of_one_model_counts_that_one_only(ground: Ground) -> None:
    names = ("a", "b", "c")
    ground.want({name: document(name, str(ground.source(name))) for name in names})
    assert ground.run("apply").code == 0
    told = ground.run("status", "b").out
    mentions(told, "2 other models were not asked for.", "1 of 1 model is as wanted")
    assert "NotSelected" not in told
    assert [model["name"] for model in ground.run("status", "b", "-o", "json").document()["models"]] == ["b"]


def test_a_model_that_is_only_on_the_volume_can_be_asked_for(ground: Ground) -> None:
    ground.want({name: document(name, str(ground.source(name))) for name in ("ve", "stays")})
    assert ground.run("apply").code == 0
    ground.want({"stays": document("stays", str(ground.source("stays")))})
    answer = ground.run("plan", "ve")
    assert answer.code == 0, answer.said
    mentions(answer.out, "ve", "NoServer")
    nobody = ground.run("plan", "nobody")
    assert nobody.code == 64
    mentions(nobody.err, "there is no model called nobody")


@pytest.mark.parametrize("name", ["a/b", "../x", ".", "..", ".git", "models.d", "reconciler.yaml", "a\x1bb", "a\n"])
def test_a_target_that_can_be_no_folder_of_the_status_branch_is_a_usage_error(ground: Ground, name: str) -> None:
    ground.want({"q": document("q", str(ground.source("q")))})
    answer = ground.run("apply", target=name)
    assert answer.code == 64, answer.said
    mentions(answer.err, "is no name of a target")
    assert status_branch(ground) == ""


@pytest.mark.parametrize("arguments", [(), ("--target", "prod")])
def test_while_reconciler_yaml_is_broken_no_status_is_made_up_for_a_target(
    ground: Ground, arguments: tuple[str, ...]
) -> None:
    ground.want({"q": document("q", str(ground.source("q")))}, {"reconciler.yaml": b"kind: [\n"})
    answer = ground.run("apply", *arguments)
    assert answer.code == 65, answer.said
    mentions(answer.out, "No status was written: reconciler.yaml is not valid")
    assert status_branch(ground) == ""
    told = ground.run("apply", "-o", "json").document()
    assert told["status"]["commit"] is None
    assert "not valid" in told["status"]["not_written"]


def test_while_reconciler_yaml_is_broken_the_status_of_a_target_that_has_one_is_written_on(ground: Ground) -> None:
    models = {"q": labelled("q", str(ground.source("q")), "gold")}
    ground.want(models, {"reconciler.yaml": TARGETS})
    assert ground.run("apply", target="gold").code == 0
    before = status_branch(ground)
    ground.want(models, {"reconciler.yaml": b"kind: [\n"})
    assert ground.run("apply", target="gold").code == 65
    assert status_branch(ground) != before


def test_a_store_whose_package_is_missing_is_told_with_what_to_install(ground: Ground) -> None:
    ground.want({"q": document("q", "dropbox://a/b")})
    mentions(ground.run("plan").out, "ExtraMissing", "needs a package that is not installed", "dropboxdrivefs")


def test_a_scheme_that_needs_settings_which_nobody_can_give_is_told_in_words(ground: Ground) -> None:
    ground.want({"q": document("q", "github://a/b")})
    mentions(ground.run("plan").out, "github", "cannot be used here")


def test_models_can_be_chosen_by_their_labels(ground: Ground) -> None:
    models = {"q": labelled("q", str(ground.source("q")), "gold"), "z": labelled("z", NOWHERE, "silver")}
    ground.want(models)
    applied = ground.run("apply", "-l", "tier=gold")
    assert applied.code == 0, applied.said
    assert [link.name for link in (ground.volume / "models").iterdir()] == ["q"]
    told = ground.run("status", "--selector", "tier in (gold, bronze)")
    mentions(told.out, "1 of 1 model is as wanted", "1 other model was not asked for.")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("-l", "tier=lead"), ("no model of target default has such labels", "metadata.labels")),
        (("-l", "tier=gold", "q"), ("not both",)),
        (("-l", "tier in gold"), ("'tier in gold' is not a label selector", "tier=gold")),
    ],
)
def test_labels_that_select_nothing_or_mean_nothing_are_questions_of_usage(
    ground: Ground, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ground.want({"q": labelled("q", str(ground.source("q")), "gold")})
    before = ground.snapshot()
    answer = ground.run("apply", *flags)
    assert (answer.code, answer.out) == (64, "")
    mentions(answer.err, *words)
    assert ground.snapshot() == before
