"""The status as files, and back; and the laws of it."""

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.configs.assembly import settings_digest
from reconciler.core.digest import Digest, Generation, of_bytes
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.observed import Observed, ServerView, Serving, StalledAt, Unreachable
from reconciler.core.plan import Change, Outcome, Result
from reconciler.core.statuses.conditions import Condition, Episode, Fate, Kind, ModelStatus, Truth, stable
from reconciler.core.statuses.status import Pass, from_files, stalled, summarise, to_files, unreadable
from tests.core.status_worlds import (
    LATER,
    NEW,
    NEW_TREE,
    NOW,
    OLD,
    OLD_TREE,
    A,
    B,
    after,
    fetch,
    line,
    load,
    outcome,
    serving,
    spec,
    status_of,
    world,
)

GENERATIONS = st.sampled_from([None, OLD, NEW])
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


def _stalled_at(message: str) -> StalledAt:
    noted = of_bytes(message.encode("utf-8", "replace")) if message else None
    return StalledAt(
        generation=NEW, reason=Reason.PROBE_FAILED, message=stable(message), circumstances=noted, probes=noted
    )


@st.composite
def statuses(draw: st.DrawFn) -> ModelStatus:
    conditions = {
        kind: Condition(
            kind=kind,
            status=draw(st.sampled_from(Truth)),
            reason=draw(st.sampled_from(Reason)),
            message=stable(draw(st.text(max_size=60))),
            last_transition_time=draw(st.sampled_from([NOW, LATER])),
        )
        for kind in draw(st.sets(st.sampled_from(Kind)))
    }
    return ModelStatus(
        name=draw(WORDS),
        target=draw(WORDS),
        revision=draw(WORDS),
        generation=draw(GENERATIONS),
        active=draw(GENERATIONS),
        served=draw(st.dictionaries(WORDS, GENERATIONS, max_size=3)),
        versions=tuple(draw(st.lists(st.integers(0, 10**18 - 1), max_size=3))),
        digests=draw(st.dictionaries(st.sampled_from(["source", "7"]), st.just(Digest(of_bytes(b""))))),
        belongs_on=draw(st.sampled_from(((), (A,), (A, B)))),
        settings=draw(st.none() | st.just(of_bytes(b"settings"))),
        servers=tuple(draw(st.lists(WORDS, max_size=2))),
        members=tuple(draw(st.lists(WORDS, max_size=2))),
        calls=tuple(draw(st.lists(WORDS, max_size=2))),
        stalled_at=draw(st.none() | st.builds(_stalled_at, st.text(max_size=60))),
        conditions=conditions,
        history=tuple(draw(st.lists(episodes(), max_size=5))),
    )


def episodes() -> st.SearchStrategy[Episode]:
    """Anything that a history may hold."""
    return st.builds(
        Episode,
        generation=st.sampled_from([OLD, NEW]),
        revision=WORDS,
        wanted=st.sampled_from([NOW, LATER]),
        since=st.sampled_from([NOW, LATER]),
        fate=st.sampled_from(Fate),
        reason=st.sampled_from(Reason),
        message=st.text(max_size=60).map(stable),
    )


@st.composite
def servers(draw: st.DrawFn) -> dict[str, ServerView]:
    one = st.one_of(
        st.just(Serving()),
        st.just(Unreachable(reason=Reason.SERVER_UNREACHABLE, message="refused")),
        GENERATIONS.map(lambda generation: serving(generation)[A]),
    )
    return draw(st.dictionaries(st.sampled_from([A, B]), one))


@st.composite
def passes(draw: st.DrawFn) -> Pass:
    reason = draw(st.sampled_from(Reason))
    planned = line(draw(st.sampled_from(Change)), draw(GENERATIONS), reason, "words", stalled=draw(st.booleans()))
    trees = draw(st.sampled_from([(), (OLD_TREE,), (OLD_TREE, NEW_TREE)]))
    observed: Observed = world(draw(GENERATIONS), draw(servers()), trees=trees)
    outcomes: list[Outcome] = draw(
        st.lists(
            st.builds(
                outcome,
                st.sampled_from([load(), load(B), fetch()]),
                st.sampled_from(Result),
                st.sampled_from(Reason),
                terminal=st.booleans(),
            ),
            max_size=3,
        )
    )
    return after(observed, planned, *outcomes, wanted=draw(st.sampled_from([None, spec(), spec(enabled=False)])))


@given(st.dictionaries(st.just("m"), statuses()))
def test_what_is_written_is_read_back(found: dict[str, ModelStatus]) -> None:
    by_name = {status.name: status for status in found.values()}
    assert from_files(to_files(by_name, target="prod")) == by_name


@given(statuses())
def test_every_yaml_reader_reads_the_same_strings(status: ModelStatus) -> None:
    files = to_files({status.name: status}, target="prod")
    content = next(content for name, content in files.items() if name.endswith(".yaml"))
    raw = yaml.safe_load(content)
    wanted: JsonObject = {
        "revision": status.revision,
        "generation": status.generation,
        "settings": status.settings,
        "belongsOn": [*status.belongs_on],
    }
    assert raw["status"]["desired"] == wanted
    assert raw["status"]["observed"]["members"] == list(status.members)
    assert [each["message"] for each in raw["status"]["conditions"]] == [
        status.conditions[kind].message for kind in Kind if kind in status.conditions
    ]


@given(st.dictionaries(WORDS.map(lambda name: name + ".yaml"), st.binary(max_size=200)))
def test_garbage_is_an_unknown_status_not_an_error(files: dict[str, bytes]) -> None:
    assert from_files(files) == {}


@given(statuses(), st.data())
def test_a_damaged_file_is_skipped_or_read_never_an_error(status: ModelStatus, data: st.DataObject) -> None:
    content = next(iter(to_files({status.name: status}, target="prod").values()))
    lines = content.splitlines()
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    assert len(from_files({"m.yaml": b"\n".join(lines)})) <= 1


@given(passes(), st.one_of(st.none(), statuses()))
def test_the_same_state_gives_the_same_bytes(done: Pass, before: ModelStatus | None) -> None:
    first = summarise(done, {} if before is None else {"m": before}, now=NOW)
    again = summarise(done, first, now=LATER)
    assert to_files(again, target="prod") == to_files(first, target="prod")


@given(passes(), passes())
def test_a_time_changes_exactly_when_its_status_does(one: Pass, other: Pass) -> None:
    first = summarise(one, {}, now=NOW)
    second = summarise(other, first, now=LATER)
    for name in first.keys() & second.keys():
        for kind, condition in second[name].conditions.items():
            turned = condition.status is not first[name].conditions[kind].status
            assert condition.last_transition_time == (LATER if turned else NOW)


@given(passes())
def test_ready_means_served_as_wanted_by_every_server_there_is(done: Pass) -> None:
    for status in summarise(done, {}, now=NOW).values():
        if status.ready and done.observed.servers:
            assert status.served.keys() == done.observed.servers.keys()
            assert set(status.served.values()) == {status.generation or status.active}


@given(passes(), statuses())
def test_what_is_stalled_survives_the_files(done: Pass, before: ModelStatus) -> None:
    found = summarise(done, {"m": replace(before, name="m")}, now=NOW)
    assert stalled(from_files(to_files(found, target="prod"))) == stalled(found)


def test_a_file_is_readable_and_its_order_is_fixed() -> None:
    status = status_of(after(world(NEW, serving(NEW)), line(Change.UNCHANGED, NEW, Reason.SUCCEEDED)))
    text = to_files({"m": status}, target="prod")["m.yaml"].decode()
    assert text.startswith(
        f"""apiVersion: "reconciler/v1"
kind: "ModelStatus"
metadata:
  name: "m"
  target: "prod"
status:
  desired:
    revision: "c1"
    generation: "{NEW}"
    settings: "{settings_digest(spec(), {})}"
    belongsOn: ["{A}"]
  observed:
    generation: "{NEW}"
    served:
      - server: "grpc://a:8001"
        generation: "{NEW}"
    versions: [1]
    servers: ["grpc://a:8001"]
    members: []
    calls: []
  digests: {{}}
  stalledAt: null
  conditions:
    - type: "Ready"
      status: "True"
      reason: "Succeeded"
      message: "{NEW[7:19]} is served"
      lastTransitionTime: "{NOW}"
    - type: "Fetched"
"""
    )


def test_the_page_is_a_table_that_a_person_reads() -> None:
    status = status_of(after(world(NEW, serving(NEW)), line(Change.UNCHANGED, NEW, Reason.SUCCEEDED)))
    rows = to_files({"m": status}, target="prod")["README.md"].decode().splitlines()
    assert rows[0] == "# Status of prod"
    assert rows[2].startswith("1 of 1 models are ready.")
    assert rows[6] == f"| [m](m.yaml) | \u2705 yes | {NOW} | c1 | `{NEW[7:19]}` | 1 |  |"


def test_a_name_or_a_message_cannot_write_markdown() -> None:
    evil = "x](http://evil) | <img src=x> `code` **b** www.evil.example\n# head"
    condition = Condition(
        kind=Kind.READY, status=Truth.FALSE, reason=Reason.INVALID, message=evil, last_transition_time=NOW
    )
    status = ModelStatus(name=evil, target="prod", revision="c1", conditions={Kind.READY: condition})
    files = to_files({evil: status}, target="*prod*")
    rows = files["README.md"].decode().splitlines()
    assert rows[0] == r"# Status of \*prod\*"
    assert len(rows) == 7
    assert rows[-1].replace(r"\|", "").count("|") == 8
    for raw in ("<img", "`code", "**b", "](http", "//"):
        assert not re.search(rf"(?<!\\){re.escape(raw)}", rows[-1])
    assert rows[-1].count(r"www\.evil") == 2
    assert all("/" not in name for name in files)


def test_a_page_of_no_models_has_a_table_without_rows() -> None:
    files = to_files({}, target="prod")
    assert list(files) == ["README.md"]
    assert files["README.md"].decode().endswith("| --- | --- | --- | --- | --- | --- | --- |\n")


def test_files_of_others_are_skipped() -> None:
    status = ModelStatus(name="m", target="prod", revision="c1", generation=Generation("sha256:1"))
    good = to_files({"m": status}, target="prod")
    broken = good["m.yaml"].replace(b"versions: []", b"versions: [true]")
    odd = {
        "README.md": b"# hi",
        "a.yaml": b"- list",
        "b.yaml": b"metadata: 1\nstatus: {}",
        "c.yaml": broken,
        "d.yaml": good["m.yaml"].replace(b"versions: []", b"versions: 1"),
        "e.yaml": good["m.yaml"].replace(b'"c1"', b"1"),
    }
    assert from_files({**good, **odd}) == {"m": status}


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        (Truth.TRUE, StalledAt(generation=NEW, reason=Reason.LOAD_FAILED, message="no model.py")),
        (Truth.FALSE, None),
        (None, None),
    ],
)
def test_a_stall_as_it_was_written_once_is_read_as_one_without_circumstances(
    truth: Truth | None, expected: StalledAt | None
) -> None:
    conditions = {}
    if truth is not None:
        conditions[Kind.STALLED] = Condition(
            kind=Kind.STALLED,
            status=truth,
            reason=Reason.LOAD_FAILED,
            message="no model.py",
            last_transition_time=NOW,
        )
    status = ModelStatus(name="m", target="prod", revision="c1", conditions=conditions)
    content = to_files({"m": status}, target="prod")["m.yaml"].replace(b": null\n  cond", f': "{NEW}"\n  cond'.encode())
    assert f'stalledAt: "{NEW}"' in content.decode()
    assert from_files({"m.yaml": content})["m"].stalled_at == expected


def test_a_status_of_before_there_were_these_fields_is_read_without_them() -> None:
    status = ModelStatus(name="m", target="prod", revision="c1", generation=NEW)
    text = to_files({"m": status}, target="prod")["m.yaml"].decode()
    new = ("settings", "belongsOn", "servers", "members", "calls", "history")
    kept = [row for row in text.splitlines() if row.partition(":")[0].strip() not in new]
    assert len(kept) == len(text.splitlines()) - len(new)
    assert from_files({"m.yaml": "\n".join(kept).encode()}) == {"m": status}


def test_what_is_there_and_cannot_be_read_is_told_by_its_model() -> None:
    good = to_files({"n": ModelStatus(name="n", target="prod", revision="c1")}, target="prod")
    files = {**good, "m.yaml": b"{", "a%2Fb.yaml": b""}
    assert unreadable(files, from_files(files)) == {"m", "a/b"}


@pytest.mark.parametrize(
    "spoilt", [b'fate: "Lost"', b"fate: 1", b'reason: "Never heard of"', b"history: 1", b"history:\n    - 1"]
)
def test_a_history_that_nobody_can_read_is_none_and_the_rest_counts(spoilt: bytes) -> None:
    episode = Episode(generation=NEW, revision="c1", wanted=NOW, since=NOW)
    status = ModelStatus(name="m", target="prod", revision="c1", generation=NEW, history=(episode,))
    content = to_files({"m": status}, target="prod")["m.yaml"]
    key, _, value = spoilt.partition(b": ")
    if spoilt.startswith(b"history"):
        content = content.partition(b"  history:")[0] + b"  " + spoilt + b"\n"
    else:
        content = re.sub(b"%s: .*" % key, b"%s: %s" % (key, value), content, count=0)
    assert from_files({"m.yaml": content}) == {"m": replace(status, history=())}
