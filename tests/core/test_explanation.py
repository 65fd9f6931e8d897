"""Where each setting comes from, what a model needs, and what is known of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.configs import modelconfig
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.views.explanation import Explanation, _settings, explained
from tests.core.planner_cases import read


def explain(folder: Path, name: str, text: str) -> Explanation:
    path = folder / "case.yaml"
    path.write_text(text)
    case = read(path)
    return explained(name, case.desired, case.observed, case.plan())


def origins(found: Explanation) -> dict[str, str]:
    return {".".join(setting.path): setting.origin for setting in found.settings}


def test_a_model_is_told_with_its_needs_its_users_and_what_would_change(tmp_path: Path) -> None:
    text = """
        desired: {chain: "v2 of first, second", first: v1, second: v1}
        observed: {volume: {chain: "v1 of first, second", first: v1, second: v1},
                   servers: {t0: {chain: "v1 of first, second", first: v1, second: v1}}}
        """
    chain, first = explain(tmp_path, "chain", text), explain(tmp_path, "first", text)
    assert (chain.needs, chain.needed_by) == (("first", "second"), ())
    assert (first.needs, first.needed_by) == ((), ("chain",))
    assert chain.file == "models.d/chain.yaml"
    assert chain.active == chain.served["t0"] != chain.generation
    assert chain.plan is not None
    assert [step.id for step in chain.steps] == list(chain.plan.steps) != []
    assert first.steps == ()
    assert first.versions == (1,)
    assert origins(chain)["name"] == "metadata.name"
    assert origins(chain)["parameters.reconciler.generation.string_value"] == "reconcile"


@pytest.mark.parametrize("content", ["unknown", "unreachable", "rejected"])
def test_where_what_is_wanted_is_not_known_what_is_active_is_told(tmp_path: Path, content: str) -> None:
    text = f"desired: {{alpha: {content}}}\nobserved: {{volume: {{alpha: v1}}, servers: {{t0: {{alpha: v1}}}}}}"
    found = explain(tmp_path, "alpha", text)
    assert found.generation == found.active
    assert set(origins(found).values()) == {"what is active"}
    assert found.file == "models.d/alpha.yaml"


def test_of_what_is_nowhere_nothing_is_told(tmp_path: Path) -> None:
    found = explain(tmp_path, "other", "desired: {alpha: unknown}\nobserved: {servers: {t0: {}}}")
    assert (found.file, found.plan, found.settings, found.steps, found.generation) == (None, None, (), (), None)
    found = explain(tmp_path, "alpha", "desired: {alpha: unknown}\nobserved: {servers: {t0: {}}}")
    assert (found.settings, found.versions) == ((), ())
    assert found.plan is not None


def test_a_model_that_would_fail_its_preflight_is_told_as_it_is(tmp_path: Path) -> None:
    found = explain(tmp_path, "alpha", "desired: {alpha: empty}\nobserved: {volume: {alpha: v1}, servers: {t0: {}}}")
    assert found.generation == found.active
    assert found.plan is not None


def test_keys_of_a_map_come_in_their_order_and_fields_in_triton_s() -> None:
    keys: JsonObject = {key: {"string_value": key} for key in "dacb"}
    config: JsonObject = {"name": "m", "backend": "python", "parameters": keys, "instance_group": [{"count": 1}]}
    paths = [setting.path for setting in _settings(config, {})]
    maps = [("parameters", key, "string_value") for key in "abcd"]
    assert paths == [("name",), ("backend",), *maps, ("instance_group",)]


CONFIGS: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {},
    optional={
        "max_batch_size": st.none() | st.integers(0, 3),
        "dynamic_batching": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "max_queue_delay_microseconds": st.none() | st.integers(0, 3).map(str),
                "preserve_ordering": st.none() | st.booleans(),
                "preferred_batch_size": st.lists(st.integers(1, 3), min_size=1, max_size=2),
            },
        ),
        "sequence_batching": st.fixed_dictionaries({}, optional={"max_sequence_idle_microseconds": st.just("5")}),
        "parameters": st.dictionaries(
            st.sampled_from(["a", "b"]), st.none() | st.fixed_dictionaries({"string_value": st.sampled_from("xy")})
        ),
    },
)


def _at(layer: JsonObject, path: tuple[str, ...]) -> Json:
    value: Json = layer
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@given(st.tuples(CONFIGS, CONFIGS, CONFIGS))
def test_a_setting_has_the_value_that_the_layer_it_comes_from_gives_it(
    layers: tuple[JsonObject, JsonObject, JsonObject],
) -> None:
    named = dict(zip(("spec.config", "config.pbtxt", "defaults.config"), layers, strict=True))
    effective = modelconfig.layered(*layers)
    for setting in _settings(effective, named):
        assert setting.origin in named, setting
        given_there = _at(named[setting.origin], setting.path)
        assert given_there is not None
        alone = modelconfig.layered(_nested(setting.path, given_there))
        assert _at(alone, setting.path) == setting.value, setting


def _nested(path: tuple[str, ...], value: Json) -> JsonObject:
    for key in reversed(path):
        value = {key: value}
    assert isinstance(value, dict)
    return value
