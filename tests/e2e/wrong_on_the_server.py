"""Wrong states of the server: each function takes a converged world away from what git says, past our own code."""

from functools import partial

from tests.e2e.desired_models import BASE, THRICE, amount, chained, tensors, without
from tests.e2e.real_world import World
from tests.e2e.running import wipe
from tests.triton_models import pbtxt


def a_model_was_unloaded_by_hand(world: World) -> None:
    world.unload("powers")


def a_member_was_unloaded_by_hand_and_took_its_ensembles_along(world: World) -> None:
    world.unload("twice")


def an_ensemble_was_unloaded_by_hand(world: World) -> None:
    world.unload("both")


def only_an_ensemble_and_what_it_needs_are_loaded(world: World) -> None:
    world.unload("plus", "tower", "square", "powers", "twice")
    world.load("both")


def every_model_was_unloaded_by_hand(world: World) -> None:
    world.unload(*BASE)


def the_server_was_restarted(world: World) -> None:
    world.server.restart()


def the_server_crashed_and_was_started_again_with_one_model_loaded_by_hand(world: World) -> None:
    world.server.kill()
    world.server.restart()
    world.load("plus")


def a_model_was_loaded_by_hand_without_our_override(world: World) -> None:
    world.load("plus", {"backend": "python", **tensors()})


def a_model_was_loaded_by_hand_with_another_parameter(world: World) -> None:
    world.load("plus", {"backend": "python", **tensors(), **amount(99)})


def an_ensemble_was_loaded_by_hand_with_other_steps(world: World) -> None:
    world.load("both", {"platform": "ensemble", **chained("twice", "twice")})


def a_member_was_loaded_by_hand_with_other_tensors_and_took_its_ensembles_down(world: World) -> None:
    world.load("twice", {"backend": "python", **tensors("TYPE_FP64")})


def a_version_was_taken_out_of_service_by_hand(world: World) -> None:
    config = world.served_config("powers")
    world.load("powers", {**config, "version_policy": {"specific": {"versions": [1]}}})


def git_moved_on_while_the_server_was_away_and_then_somebody_loaded_the_stale_files(world: World) -> None:
    world.server.kill()
    world.want(THRICE)
    world.apply()
    world.server.restart()
    world.load("both")


def a_removed_model_is_only_loaded(world: World) -> None:
    world.want(without(BASE, "square", "powers"))
    for name in ("square", "powers"):
        tree = world.tree(name)
        wipe(world.link(name))
        wipe(tree)


def a_model_was_unloaded_by_hand_under_an_ensemble_that_is_not_ours(world: World) -> None:
    foreign_ensemble(world)
    world.unload("twice")


def beside_foreign_things_a_model_is_gone_from_git(world: World) -> None:
    foreign_ensemble(world)
    foreign_clutter(world)
    world.want(without(BASE, "square", "powers"))


def foreign_ensemble(world: World) -> None:
    """Loaded by somebody else from a directory of their own, over a model of ours."""
    folder = world.link("visitor")
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_bytes(pbtxt({"platform": "ensemble", **chained("twice")}))
    world.load("visitor")
    world.afterwards += [partial(wipe, folder), partial(world.unload, "visitor")]


def foreign_clutter(world: World) -> None:
    """A directory, a file and a link of somebody else's in models/."""
    world.link("stranger").mkdir()
    (world.link("stranger") / "README").write_text("not yours")
    world.link("notes.txt").write_text("mind the gap")
    world.link("elsewhere").symlink_to("stranger")
    world.afterwards += [partial(wipe, world.link(name)) for name in ("stranger", "notes.txt", "elsewhere")]


ON_THE_SERVER = (
    a_model_was_unloaded_by_hand,
    a_member_was_unloaded_by_hand_and_took_its_ensembles_along,
    an_ensemble_was_unloaded_by_hand,
    only_an_ensemble_and_what_it_needs_are_loaded,
    every_model_was_unloaded_by_hand,
    the_server_was_restarted,
    the_server_crashed_and_was_started_again_with_one_model_loaded_by_hand,
    a_model_was_loaded_by_hand_without_our_override,
    a_model_was_loaded_by_hand_with_another_parameter,
    an_ensemble_was_loaded_by_hand_with_other_steps,
    a_member_was_loaded_by_hand_with_other_tensors_and_took_its_ensembles_down,
    a_version_was_taken_out_of_service_by_hand,
    git_moved_on_while_the_server_was_away_and_then_somebody_loaded_the_stale_files,
    a_removed_model_is_only_loaded,
    a_model_was_unloaded_by_hand_under_an_ensemble_that_is_not_ours,
    beside_foreign_things_a_model_is_gone_from_git,
)
