"""Wrong states through git: what is wanted has moved on, or the status branch does not tell the truth."""

from collections.abc import Mapping
from dataclasses import replace

import pygit2
from pygit2.enums import FileMode

from tests.e2e.desired_models import BASE, THRICE, Models, amount, chained, ensemble, python, versions, without
from tests.e2e.real_world import STATUS, World

_BRANCH = f"refs/heads/{STATUS}"
_BROKEN: Models = {**BASE, "twice": python("2 * x", 6.0, initialize="raise RuntimeError('boom')")}


def files_changed(world: World) -> None:
    world.want(THRICE)


def files_changed_and_were_rolled_back(world: World) -> None:
    world.want(THRICE)
    world.apply()
    world.want(BASE)


def a_config_changed(world: World) -> None:
    plus = BASE["plus"].specified(config=amount(20)).answering(23.0)
    world.want({**BASE, "plus": plus, "both": BASE["both"].answering(26.0), "tower": BASE["tower"].answering(52.0)})


def a_model_was_renamed(world: World) -> None:
    world.want({**without(BASE, "square"), "quadrat": BASE["square"]})


def a_member_was_renamed_and_the_ensemble_follows(world: World) -> None:
    world.want({**without(BASE, "powers"), "potences": BASE["powers"], "square": ensemble(9.0, "potences", version=1)})


def a_model_was_removed(world: World) -> None:
    world.want(without(BASE, "tower"))


def an_ensemble_was_removed_along_with_its_member(world: World) -> None:
    world.want(without(BASE, "square", "powers"))


def all_but_one_was_removed(world: World) -> None:
    world.want({"twice": BASE["twice"]})


def a_new_ensemble_stands_over_what_is_there(world: World) -> None:
    world.want({**BASE, "spire": ensemble(64.0, "tower", "twice")})


def an_ensemble_changed_its_members(world: World) -> None:
    world.want(
        {**BASE, "both": ensemble(34.0, "twice", "twice", "twice", "plus"), "tower": BASE["tower"].answering(68.0)}
    )


def an_ensemble_gave_up_a_member_that_is_removed(world: World) -> None:
    world.want(
        {**without(BASE, "plus"), "both": ensemble(12.0, "twice", "twice"), "tower": BASE["tower"].answering(24.0)}
    )


def a_version_was_added(world: World) -> None:
    world.want({**BASE, "powers": versions({1: ("x * x", 9.0), 2: ("x * x * x", 27.0), 3: ("x ** 4", 81.0)})})


def a_version_was_removed(world: World) -> None:
    world.want({**BASE, "powers": versions({1: ("x * x", 9.0)})})


def two_versions_changed_places(world: World) -> None:
    swapped = versions({1: ("x * x * x", 27.0), 2: ("x * x", 9.0)})
    world.want({**BASE, "powers": swapped, "square": BASE["square"].answering(27.0)})


def an_ensemble_became_a_python_model(world: World) -> None:
    world.want({**BASE, "tower": python("x + 1", 4.0)})


def a_python_model_became_an_ensemble(world: World) -> None:
    world.want({**without(BASE, "square"), "powers": ensemble(12.0, "twice", "twice")})


def a_member_and_its_ensembles_changed_the_tensors_between_them(world: World) -> None:
    """No order of single changes fits: the old graphs do not know the new names."""
    names = {"twice": ("X", "Y")}
    files = {path: text.replace('"IN"', '"X"').replace('"OUT"', '"Y"') for path, text in BASE["twice"].files.items()}
    world.want(
        {
            **BASE,
            "twice": replace(BASE["twice"], files=files, answers={}),
            "both": BASE["both"].specified(config=chained("twice", "plus", names=names)),
            "tower": BASE["tower"].specified(config=chained("both", "twice", names=names)),
        }
    )


def a_dependency_was_declared_while_both_were_down(world: World) -> None:
    world.unload("plus", "powers")
    world.want({**BASE, "powers": BASE["powers"].specified(dependsOn=["plus"])})


def a_model_that_was_not_to_be_loaded_is_wanted_again(world: World) -> None:
    world.want({**BASE, "tower": BASE["tower"].specified(load={"enabled": False})})
    world.apply()
    world.want(BASE)


def a_suspension_is_over_and_the_model_changed_meanwhile(world: World) -> None:
    world.want({**BASE, "square": BASE["square"].specified(suspend=True)})
    world.unload("square")
    world.apply()
    world.want({**BASE, "square": ensemble(27.0, "powers", version=2)})


def a_suspension_until_a_day_that_has_passed_is_still_there(world: World) -> None:
    world.unload("square")
    world.want({**BASE, "square": BASE["square"].specified(suspend={"until": "2020-01-01"})})


def a_model_that_failed_was_mended(world: World) -> None:
    world.want(_BROKEN)
    world.apply()
    world.want(THRICE)


def a_model_that_failed_was_taken_back(world: World) -> None:
    """What was fetched of the broken generation is there, and the status tells of it."""
    world.want(_BROKEN)
    world.apply()
    world.want(BASE)


def an_invalid_file_was_mended(world: World) -> None:
    broken = BASE["square"].specified(framewrok="ensemble")
    world.want({**without(BASE, "tower"), "square": broken})
    world.apply()
    world.want(without(BASE, "tower"))


def only_labels_changed(world: World) -> None:
    world.want({**BASE, "tower": replace(BASE["tower"], labels={"team": "stones"})})


def the_status_branch_is_gone(world: World) -> None:
    world.clone.git("update-ref", "-d", _BRANCH)


def the_status_branch_holds_garbage(world: World) -> None:
    _rewrite_status(world, {"twice.yaml": "{{{", "both.yaml": "kind: Pod\n"})


def the_status_branch_tells_of_models_that_never_were(world: World) -> None:
    text = _status_of(world, "twice")
    _rewrite_status(world, {"unicorn.yaml": text.replace('"twice"', '"unicorn"')})


def the_status_branch_was_pushed_back_to_when_a_model_was_stalled(world: World) -> None:
    world.want(_BROKEN)
    world.apply()
    stalled = world.clone.git("rev-parse", STATUS).strip()
    world.want(BASE)
    world.apply()
    world.clone.git("update-ref", _BRANCH, stalled)


def the_status_branch_says_that_what_is_served_is_stalled(world: World) -> None:
    generation = f'"sha256:{world.tree("square").name}"'
    text = _status_of(world, "square").replace("stalledAt: null", f"stalledAt: {generation}")
    before, stalled, after = text.partition('- type: "Stalled"')
    told = after.replace('"False"', '"True"', 1).replace('"Succeeded"', '"LoadFailed"', 1)
    _rewrite_status(world, {"square.yaml": before + stalled + told})


def the_status_branch_says_that_all_is_unready(world: World) -> None:
    _rewrite_status(world, {f"{name}.yaml": _status_of(world, name).replace('"True"', '"False"') for name in BASE})


def _status_of(world: World, name: str) -> str:
    return world.clone.git("show", f"{STATUS}:default/{name}.yaml")


def _rewrite_status(world: World, files: Mapping[str, str]) -> None:
    """Somebody pushes to the status branch."""
    repo = pygit2.Repository(str(world.clone.folder))
    tip = repo.references[_BRANCH].peel(pygit2.Commit)
    target = repo.TreeBuilder(tip.tree["default"].id)
    for name, text in files.items():
        target.insert(name, repo.create_blob(text.encode()), FileMode.BLOB)
    tree = repo.TreeBuilder(tip.tree)
    tree.insert("default", target.write(), FileMode.TREE)
    author = pygit2.Signature("somebody", "somebody@localhost", 0, 0)
    repo.create_commit(_BRANCH, author, author, "By hand\n", tree.write(), [tip.id])


IN_GIT = (
    files_changed,
    files_changed_and_were_rolled_back,
    a_config_changed,
    a_model_was_renamed,
    a_member_was_renamed_and_the_ensemble_follows,
    a_model_was_removed,
    an_ensemble_was_removed_along_with_its_member,
    all_but_one_was_removed,
    a_new_ensemble_stands_over_what_is_there,
    an_ensemble_changed_its_members,
    an_ensemble_gave_up_a_member_that_is_removed,
    a_version_was_added,
    a_version_was_removed,
    two_versions_changed_places,
    an_ensemble_became_a_python_model,
    a_python_model_became_an_ensemble,
    a_member_and_its_ensembles_changed_the_tensors_between_them,
    a_dependency_was_declared_while_both_were_down,
    a_model_that_was_not_to_be_loaded_is_wanted_again,
    a_suspension_is_over_and_the_model_changed_meanwhile,
    a_suspension_until_a_day_that_has_passed_is_still_there,
    a_model_that_failed_was_mended,
    a_model_that_failed_was_taken_back,
    an_invalid_file_was_mended,
)
"""Each of these shows in the plan."""

UNTOLD = (
    the_status_branch_is_gone,
    the_status_branch_holds_garbage,
    the_status_branch_tells_of_models_that_never_were,
    the_status_branch_was_pushed_back_to_when_a_model_was_stalled,
    the_status_branch_says_that_what_is_served_is_stalled,
    the_status_branch_says_that_all_is_unready,
)
"""Only the status branch is wrong: nothing is to be done, but something to be told."""

UNCHANGED = (only_labels_changed,)
"""What git says is another text and the same state."""
