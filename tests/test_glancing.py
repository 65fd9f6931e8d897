"""`reconcile plan` where nothing has changed: told again without a look, and never told where anything has changed."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler import reconcile
from reconciler.adapters.volume import glance
from reconciler.adapters.volume.memos import QUIET
from reconciler.core.digest import FileDigest, of_bytes, tree_digest
from reconciler.core.errors import ReconcileError
from reconciler.core.plan import Plan
from reconciler.core.progress import Silent
from reconciler.core.recording import PassResult
from reconciler.passes import glancing
from reconciler.passes.looking import Look
from reconciler.passes.options import Options
from reconciler.render import plan_json
from tests.e2e.bad_world import Ground, document
from tests.git_remotes import git

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = ("alpha", "beta")


@dataclass(slots=True, kw_only=True)
class Desk:
    """Who asks for plans, and how often a full look was taken for them."""

    ground: Ground
    options: Options
    looks: int = 0

    def look(self, options: Options, now: datetime) -> Look:
        """A full look, counted."""
        self.looks += 1
        return reconcile.look(options, now=now)

    def plan(self, options: Options | None = None, now: datetime = NOW) -> Plan:
        """What `reconcile plan` tells."""
        return glancing.outlook(options or self.options, self.look, now=now).plan

    def apply(self) -> None:
        """Makes it so."""
        report = reconcile.apply(
            self.options, reporter=Silent(), confirm=lambda _: True, cancelled=lambda: False, now=NOW
        )
        assert report.result is PassResult.DONE

    def fresh(self) -> Plan:
        """What a full look tells."""
        return reconcile.look(self.options, now=NOW).plan

    @property
    def kept(self) -> Path:
        """Where it is remembered."""
        return self.ground.volume / ".reconciler" / QUIET


def pinned(ground: Ground, name: str, factor: int = 2) -> str:
    """A model's document with its digest: no source is asked for it once it is here."""
    source = ground.source(f"{name}-{factor}", factor)
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    rows = [
        FileDigest(path=str(path.relative_to(source)), size=path.stat().st_size, digest=of_bytes(path.read_bytes()))
        for path in files
    ]
    return document(name, f"{{uri: {source.as_uri()}, digest: {tree_digest(rows)}}}")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """All is as git wants it, and that is known."""
    monkeypatch.setattr(glance, "_TICK", 0)
    ground = Ground(folder=tmp_path).begin()
    ground.want({name: pinned(ground, name) for name in NAMES})
    options = Options(repo=str(ground.repository), ref="main", volume=str(ground.volume), no_server=True)
    found = Desk(ground=ground, options=options)
    found.apply()
    assert found.plan().empty
    assert found.looks == 1
    return found


def same(one: Plan, other: Plan) -> bool:
    """But for the room on the disk, which others take meanwhile."""
    return replace(one, totals={**one.totals, "free_bytes": 0}) == replace(
        other, totals={**other.totals, "free_bytes": 0}
    )


def test_where_nothing_has_changed_the_same_is_told_without_a_look(desk: Desk) -> None:
    assert same(desk.plan(), desk.fresh())
    assert desk.plan().totals["free_bytes"] > 0
    assert desk.looks == 1


def test_the_command_line_tells_the_same_cold_and_warm(desk: Desk) -> None:
    def told() -> object:
        document = json.loads(desk.ground.run("plan", "--ref", "main", "-o", "json").out)
        document["totals"].pop("free_bytes")
        return document

    desk.kept.unlink()
    cold = told()
    assert told() == cold
    assert cold == json.loads(json.dumps(plan_json.document(replace(desk.fresh(), totals=cold_totals(desk)))))


def cold_totals(desk: Desk) -> dict[str, int]:
    return {name: number for name, number in desk.fresh().totals.items() if name != "free_bytes"}


def other_commit(desk: Desk) -> None:
    desk.ground.want({"alpha": pinned(desk.ground, "alpha", 3), "beta": pinned(desk.ground, "beta")})


def removed_in_git(desk: Desk) -> None:
    desk.ground.want({"alpha": pinned(desk.ground, "alpha")})


def a_file_that_is_wrong(desk: Desk) -> None:
    desk.ground.want({name: pinned(desk.ground, name) for name in NAMES} | {"gamma": "kind: Model\n"})


def link_gone(desk: Desk) -> None:
    (desk.ground.volume / "models/alpha").unlink()


def link_elsewhere(desk: Desk) -> None:
    links = [desk.ground.volume / "models" / name for name in NAMES]
    text = os.readlink(links[1])
    links[0].unlink()
    links[0].symlink_to(text)


def tree_of(desk: Desk) -> Path:
    return (desk.ground.volume / "models/alpha").resolve()


def byte_flipped(desk: Desk) -> None:
    file = tree_of(desk) / "1/model.py"
    text = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(text[:-2] + b"#" + text[-1:])


def config_edited(desk: Desk) -> None:
    file = tree_of(desk) / "config.pbtxt"
    file.chmod(0o644)
    file.write_text(file.read_text() + "max_batch_size: 9\n")


def config_edited_in_its_old_age(desk: Desk) -> None:
    file = tree_of(desk) / "config.pbtxt"
    before, text = file.stat(), file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(text.replace(b"[-1]", b"[-2]").replace(b"-1", b"-2"))
    file.chmod(0o444)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size


def extra_file(desk: Desk) -> None:
    folder = tree_of(desk) / "1"
    folder.chmod(0o755)
    (folder / "more.txt").write_text("")


def file_gone(desk: Desk) -> None:
    folder = tree_of(desk) / "1"
    folder.chmod(0o755)
    (folder / "model.py").unlink()


def blobs_gone(desk: Desk) -> None:
    shutil.rmtree(desk.ground.volume / ".reconciler/blobs")


def tree_gone(desk: Desk) -> None:
    tree = tree_of(desk)
    for folder in [tree, *(path for path in tree.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    shutil.rmtree(tree)


def a_blob_that_nobody_needs(desk: Desk) -> None:
    digits = of_bytes(b"stray").removeprefix("sha256:")
    file = desk.ground.volume / ".reconciler/blobs" / digits[:2] / digits
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"stray")


def a_foreign_directory(desk: Desk) -> None:
    (desk.ground.volume / "models/theirs/1").mkdir(parents=True)


def a_foreign_link(desk: Desk) -> None:
    (desk.ground.volume / "models/theirs").symlink_to("/usr/share")


CHANGES = (
    other_commit,
    removed_in_git,
    a_file_that_is_wrong,
    link_gone,
    link_elsewhere,
    byte_flipped,
    config_edited,
    config_edited_in_its_old_age,
    extra_file,
    file_gone,
    blobs_gone,
    tree_gone,
    a_blob_that_nobody_needs,
    a_foreign_directory,
    a_foreign_link,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_changes_is_looked_at(desk: Desk, change: Callable[[Desk], None]) -> None:
    before = desk.plan()
    change(desk)
    assert same(desk.plan(), desk.fresh())
    assert desk.looks == 2
    assert not same(before, desk.fresh()), "the change makes no difference, so this proves nothing"
    assert same(desk.plan(), desk.fresh())


def test_a_status_that_changes_is_read(desk: Desk) -> None:
    assert desk.plan().empty
    git(desk.ground.repository, "branch", "-D", "reconciler-status")
    assert same(desk.plan(), desk.fresh())
    assert desk.looks == 2
    desk.plan()
    assert desk.looks == 2, "no branch is a state of it, too"


@pytest.mark.parametrize(
    "other",
    [{"models": ("alpha",)}, {"timeout": 5.0}, {"allow_removals": 1}, {"target": "default"}, {"ref": "main~0"}],
    ids=str,
)
def test_who_asks_for_something_else_gets_a_look(desk: Desk, other: dict[str, object]) -> None:
    desk.plan(replace(desk.options, **other))  # type: ignore[arg-type]
    assert desk.looks == 2


def test_each_day_is_another_one(desk: Desk) -> None:
    desk.plan(now=NOW + timedelta(days=1))
    assert desk.looks == 2


@pytest.mark.parametrize("other", [{"ref": None}, {"volume": None}, {"adopt": ("alpha",)}], ids=str)
def test_where_changes_would_not_be_seen_nothing_is_kept(desk: Desk, other: dict[str, object]) -> None:
    desk.kept.unlink()
    options = replace(desk.options, **other)  # type: ignore[arg-type]
    for _ in range(2):
        with suppress(ReconcileError):  # without a volume there is no plan
            desk.plan(options)
    assert desk.looks == 3
    assert not desk.kept.exists()


def unpinned(desk: Desk) -> None:
    desk.ground.want({name: document(name, desk.ground.source(name).as_uri()) for name in NAMES})
    desk.apply()


def frozen(desk: Desk) -> None:
    text = "policy: {freeze: [{from: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z'}]}"
    settings(desk, text)


def settings(desk: Desk, text: str) -> None:
    file = f"apiVersion: reconciler/v1\nkind: Repository\nspec: {{{text}}}\n"
    desk.ground.want({name: pinned(desk.ground, name) for name in NAMES}, {"reconciler.yaml": file.encode()})


@pytest.mark.parametrize(
    "why", [unpinned, frozen, byte_flipped, a_file_that_is_wrong, a_foreign_link], ids=lambda why: why.__name__
)
def test_what_may_change_unseen_or_is_not_quiet_is_not_kept(desk: Desk, why: Callable[[Desk], None]) -> None:
    why(desk)
    desk.kept.unlink()
    assert same(desk.plan(), desk.fresh())
    assert not desk.kept.exists()


def test_what_changed_a_moment_ago_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "_TICK", 10**12)
    desk.kept.unlink()
    desk.plan()
    assert not desk.kept.exists()


@pytest.mark.parametrize("name", ["models", ".reconciler", ".reconciler/trees", ".reconciler/blobs"])
def test_where_a_directory_of_the_volume_is_a_link_nothing_is_kept(desk: Desk, name: str) -> None:
    here = desk.ground.volume / name
    elsewhere = here.with_name("elsewhere")
    here.rename(elsewhere)
    here.symlink_to("elsewhere")
    desk.kept.unlink()
    assert same(desk.plan(), desk.fresh())
    assert not desk.kept.exists()


def test_a_survey_tells_how_all_of_it_stands(desk: Desk) -> None:
    volume = str(desk.ground.volume)
    found = glance.survey(volume)
    assert found is not None
    assert glance.stand(volume, found.paths) == found.stand != ""
    byte_flipped(desk)
    assert glance.stand(volume, found.paths) != found.stand
    link_gone(desk)
    assert glance.stand(volume, found.paths) == ""


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b"\0" * 99])
def test_what_nobody_can_read_counts_as_nothing(desk: Desk, content: bytes) -> None:
    desk.kept.write_bytes(content)
    assert same(desk.plan(), desk.fresh())
    assert desk.looks == 2
    desk.plan()
    assert desk.looks == 2, "it is written anew"


def test_what_changes_during_the_look_is_seen_by_the_next_one(desk: Desk) -> None:
    desk.kept.unlink()

    def meanwhile(options: Options, now: datetime) -> Look:
        seen = reconcile.look(options, now=now)
        link_gone(desk)
        return seen

    assert glancing.outlook(desk.options, meanwhile, now=NOW).plan.empty
    assert not desk.plan().empty
