"""Models of the `scale` backend (tests/triton_backend): OUT = IN * a number, loaded in milliseconds."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.core.jsonvalue import Json, JsonObject
from tests.e2e.desired_models import GIVEN, Model, tensors

_SOURCE = Path(__file__).parents[1] / "triton_backend/scale.c"


def built(folder: Path) -> Path:
    """A directory of backends with this one, compiled."""
    place = folder / "backends/scale"
    place.mkdir(parents=True)
    command = ("cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", place / "libtriton_scale.so")
    subprocess.run([*command, _SOURCE], check=True)
    return place.parent


def scale(factor: float, note: int = 0, answer: float | None = None) -> Model:
    """A model laid out for Triton; `note` is a difference in its config alone."""
    config: JsonObject = {**tensors(), "parameters": {"note": {"string_value": str(note)}}}
    return Model(
        spec={"framework": "scale", "source": "SOURCE", "config": config},
        files={"1/factor": f"{factor}\n"},
        answers={None: GIVEN * factor if answer is None else answer},
    )


def versioned(factors: Mapping[int, float]) -> Model:
    """All of these versions are served."""
    places: dict[str, Json] = {str(number): f"SOURCE/{number}" for number in factors}
    return Model(
        spec={
            "framework": "scale",
            "versions": places,
            "config": {**tensors(), "version_policy": {"all": {}}},
        },
        files={f"{number}/factor": f"{factor}\n" for number, factor in factors.items()},
        answers={number: GIVEN * factor for number, factor in factors.items()},
    )
