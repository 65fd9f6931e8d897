"""A foreign directory of models/ becomes blobs, is set aside, given back or deleted; killed at any step."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reconciler.adapters.volume import aside
from reconciler.adapters.volume.links import Links
from reconciler.adapters.volume.places import Places
from reconciler.core.artifact import Tree
from reconciler.core.content import Known, Unavailable
from reconciler.core.digest import FileDigest, Generation, of_bytes, tree_digest
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.observed import ForeignEntry
from reconciler.core.plan import Activate, Adopt, Retire
from reconciler.core.spec import ModelSpec, Source
from tests.volume_world import MODEL, World, everything, open_world, spec, write

NOWHERE = "http://127.0.0.1:9/m/"


def digests(files: dict[str, bytes]) -> tuple[FileDigest, ...]:
    return tuple(FileDigest(path=path, size=len(data), digest=of_bytes(data)) for path, data in sorted(files.items()))


def wanted(files: dict[str, bytes] | None = None) -> ModelSpec:
    """A model whose source nobody can reach, pinned to these files."""
    return spec(Source(uri=NOWHERE, digest=tree_digest(digests(files or MODEL))))


def known(world: World, model: ModelSpec) -> Known:
    found = world.volume.resolve(model, adopting_it=True)
    assert isinstance(found, Known), found
    return found


def adopt(world: World, model: ModelSpec) -> Tree:
    """As a plan would have it, until our link is there."""
    found = known(world, model)
    world.volume.adopt(Adopt(model="m", files=found.files, held=found.held, size=0))
    files = tuple(file for file in found.files[None] if file.path != "config.pbtxt")
    tree = Tree(files=files, config={"name": "m", "backend": "python"})
    world.volume.activate(Activate(model="m", tree=tree, previous=None, adopts=True))
    return tree


def foreign(world: World, files: dict[str, bytes] | None = None) -> dict[str, bytes | str]:
    write(world.model(), files or MODEL)
    return everything(world.model())


@pytest.mark.parametrize("links", [True, False])
def test_what_a_directory_holds_is_served_from_our_tree_and_it_goes_when_it_is_retired(
    tmp_path: Path, *, links: bool
) -> None:
    world = open_world(tmp_path / "volume", links=links)
    own = foreign(world)
    tree = adopt(world, wanted())
    assert world.active().tree == tree
    assert world.active().damage == ()
    assert everything(world.ours / "adopted" / "m") == own
    assert world.volume.observe().aside == {"m"}
    world.volume.retire(Retire(model="m"))
    assert os.listdir(world.ours / "adopted") == []
    assert known(world, wanted()).held == frozenset()
    assert not known(world, wanted()).missing


@pytest.mark.parametrize("links", [True, False])
def test_what_was_set_aside_comes_back_as_it_was(tmp_path: Path, *, links: bool) -> None:
    world = open_world(tmp_path / "volume", links=links)
    own = foreign(world)
    adopt(world, wanted())
    for _ in range(2):
        world.volume.give_back("m")
        assert everything(world.model()) == own
        assert not world.model().is_symlink()
    assert isinstance(world.volume.observe().entries["m"], ForeignEntry)
    tree = adopt(world, wanted())
    assert world.active().tree == tree


def test_files_are_linked_and_not_copied_unless_they_have_other_names(world: World) -> None:
    foreign(world)
    os.link(world.model() / "1/weights.bin", world.root / "another-name")
    inode = (world.model() / "1/model.py").stat().st_ino
    adopt(world, wanted())
    assert (world.model() / "1/model.py").stat().st_ino == inode
    assert (world.model() / "1/weights.bin").stat().st_ino != (world.root / "another-name").stat().st_ino


def test_a_link_to_a_directory_elsewhere_is_taken_over_and_what_it_names_is_left_alone(
    world: World, tmp_path: Path
) -> None:
    elsewhere = Path(write(tmp_path / "elsewhere", MODEL))
    before = everything(elsewhere)
    (world.root / "models").mkdir()
    world.model().symlink_to(elsewhere)
    tree = adopt(world, wanted())
    world.volume.retire(Retire(model="m"))
    assert world.active().tree == tree
    assert everything(elsewhere) == before


def test_other_files_than_the_digest_asks_for_are_not_taken_for_them(world: World) -> None:
    foreign(world, {**MODEL, "1/model.py": b"another"})
    assert isinstance(world.volume.resolve(wanted(), adopting_it=True), Unavailable)


def test_what_is_in_the_directory_of_a_source_without_a_digest_need_not_be_fetched(
    world: World, tmp_path: Path
) -> None:
    foreign(world)
    changed = {**MODEL, "1/model.py": b"changed since"}
    found = known(world, spec(write(tmp_path / "source", changed)))
    assert found.missing == {of_bytes(b"changed since")}
    assert found.held == {of_bytes(MODEL["config.pbtxt"]), of_bytes(MODEL["1/weights.bin"])}


@pytest.mark.parametrize(
    ("source", "files"),
    [
        (NOWHERE, {"model.py": b"one", "weights.bin": b"\0" * 5000}),
        ("http://127.0.0.1:9/m-v1.py", {"m-v1.py": b"one"}),
        (NOWHERE, {"1/model.py": b"one"}),
    ],
)
def test_a_source_without_a_config_or_with_one_version_s_files_is_found_in_triton_s_layout(
    world: World, source: str, files: dict[str, bytes]
) -> None:
    own = {path.partition("/")[2] or path: data for path, data in files.items()}
    laid_out = {f"1/{path}": data for path, data in own.items()} if len(own) > 1 else {"1/model.py": b"one"}
    foreign(world, {"config.pbtxt": b'name: "m"', **laid_out})
    found = known(world, spec(Source(uri=source, digest=tree_digest(digests(files)))))
    assert found.files[None] == digests(files)
    assert found.held == {file.digest for file in digests(files)}


def test_each_version_is_found_by_its_own_digest(world: World) -> None:
    foreign(world, {"config.pbtxt": b'name: "m"', "7/model.py": b"seven", "8/model.py": b"eight"})
    sources = {
        7: Source(uri="http://127.0.0.1:9/seven.py", digest=tree_digest(digests({"seven.py": b"seven"}))),
        8: Source(uri="http://127.0.0.1:9/8/", digest=tree_digest(digests({"8/model.py": b"eight"}))),
    }
    model = ModelSpec(name="m", file="models.d/m.yaml", framework="python", versions=sources)
    assert known(world, model).held == {of_bytes(b"seven"), of_bytes(b"eight")}


def test_a_directory_that_changed_since_it_was_planned_is_not_taken_over(world: World) -> None:
    foreign(world)
    found = known(world, wanted())
    (world.model() / "1/model.py").write_bytes(b"two")
    with pytest.raises(TransientError, match="no longer holds 1 of the files") as caught:
        world.volume.adopt(Adopt(model="m", files=found.files, held=found.held, size=0))
    assert caught.value.reason is Reason.SOURCE_CHANGED
    assert (world.model() / "1/model.py").read_bytes() == b"two"


def test_a_directory_that_links_out_of_itself_is_left_alone_and_said_so(world: World, tmp_path: Path) -> None:
    foreign(world)
    (tmp_path / "secret").write_text("secret")
    (world.model() / "1/link").symlink_to(tmp_path / "secret")
    found = world.volume.resolve(wanted(), adopting_it=True)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.UNSAFE_PATH


def test_without_being_asked_a_foreign_directory_is_not_replaced(world: World, tmp_path: Path) -> None:
    own = foreign(world)
    model = spec(write(tmp_path / "source", MODEL))
    world.fetch(model)
    with pytest.raises(TerminalError, match="apply --adopt"):
        world.activate(world.tree(model))
    assert everything(world.model()) == own


GENERATION = Generation("sha256:" + "ab" * 32)


def test_where_names_cannot_be_exchanged_two_renames_do_and_a_run_cut_short_is_undone(world: World) -> None:
    own = foreign(world)
    places = Places(str(world.root))
    links = Links(places, works=True)
    places.prepare()
    (world.ours / "trees" / ("ab" * 32)).mkdir()
    aside.swap(places, "m", GENERATION, exchange=lambda _, __: False)
    assert links.at("m") == GENERATION
    with places.workshop() as workshop:
        aside.give_back(places, links, "m", workshop, exchange=lambda _, __: False)
    assert everything(world.model()) == own
    os.rename(world.model(), world.ours / "adopted" / "m")
    entry = world.volume.observe().entries["m"]
    assert isinstance(entry, ForeignEntry)
    assert entry.adoptable
    with world.volume.lock("the next run"):
        assert everything(world.model()) == own
    assert world.volume.observe().aside == frozenset()


def test_what_somebody_put_in_our_link_s_place_is_not_replaced_by_what_is_aside(world: World) -> None:
    foreign(world)
    adopt(world, wanted())
    world.model().unlink()
    write(world.model(), {"new": b"new"})
    world.volume.give_back("m")
    assert everything(world.model()) == {"new": b"new"}
    with pytest.raises(TerminalError, match="still at"):
        adopt(world, wanted({"new": b"new"}))
    assert everything(world.model()) == {"new": b"new"}


_KILLED = """
    import os, signal, sys
    from pathlib import Path
    from reconciler.core.plan import Retire
    from tests.adapters.test_volume_adopt import adopt, foreign, wanted
    from tests.volume_world import open_world

    root, links, end = Path(sys.argv[1]), sys.argv[2] == "links", sys.argv[3]

    def take_over(step):
        world = open_world(root / str(step), links=links)
        foreign(world)
        left = step

        def dying(real):
            def call(*arguments, **options):
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **options)
            return call

        for name in ("rename", "symlink", "link", "unlink", "fsync", "utime", "fchmod"):
            setattr(os, name, dying(getattr(os, name)))
        with world.volume.lock("killed"):
            adopt(world, wanted())
            if end == "retire":
                world.volume.retire(Retire(model="m"))
            else:
                world.volume.give_back("m")

    for step in range(1, 300):
        child = os.fork()
        if child == 0:
            take_over(step)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(step, ended, flush=True)
        if ended != -signal.SIGKILL:
            break
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", ["retire", "give back"])
@pytest.mark.parametrize("links", ["links", "no links"])
def test_killed_at_any_step_the_name_has_the_directory_or_our_tree_and_the_next_run_goes_on(
    tmp_path: Path, links: str, end: str
) -> None:
    own = foreign(open_world(tmp_path / "0"))
    for step in _killed(tmp_path, links, end):
        world = open_world(tmp_path / str(step), links=links == "links")
        if links == "links":  # without them there is a moment with neither, which the next to lock the volume undoes
            assert world.model().is_dir()
        with world.volume.lock("the next"):
            if isinstance(world.volume.observe().entries["m"], ForeignEntry):
                assert everything(world.model()) == own
                assert adopt(world, wanted()) == world.active().tree
            assert world.active().damage == ()
            assert (world.model() / "1/model.py").read_bytes() == own["1/model.py"]
            world.volume.retire(Retire(model="m"))
            assert world.active().damage == ()


def _killed(root: Path, links: str, end: str) -> range:
    """The steps at which a run of its own was killed; at the last of them it came to its end."""
    command = [sys.executable, "-c", textwrap.dedent(_KILLED), str(root), links, end]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], check=True)
    codes = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert codes == [-signal.SIGKILL] * (len(codes) - 1) + [0]
    assert len(codes) > 20
    return range(1, len(codes) + 1)
