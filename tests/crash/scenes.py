"""What git says one time after another, round and round: models are added, updated, failing, rolled back, removed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.e2e.desired_models import Model, Models, ensemble, without
from tests.e2e.scale_models import scale, versioned

POLICY = """
apiVersion: reconciler/v1
kind: Repository
spec:
  policy: {allowEmpty: true, maxRemovals: 100%}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`failing`: models that cannot be had as git says, with what serves instead, None for nothing."""

    name: str
    models: Models
    failing: dict[str, Model | None] = field(default_factory=dict)

    @property
    def standing(self) -> Models:
        """What is there once a run has done what can be done."""
        instead = {name: model for name, model in self.failing.items() if model is not None}
        return {**without(self.models, *self.failing), **instead}


_BROKEN = Model(spec=scale(5).spec, files={"1/factor": "no number\n"})
_LOST = Model(spec=scale(5).spec)
_ADDED: Models = {"a": scale(2), "b": scale(5), "both": ensemble(30.0, "a", "b"), "gone": scale(7)}
_UPDATED: Models = {
    "a": scale(3),
    "b": scale(5),
    "both": ensemble(45.0, "a", "b"),
    "over": ensemble(36.0, "many", "a"),
    "many": versioned({1: 2, 2: 4}),
}
_ROLLED_BACK: Models = {
    "a": scale(2),
    "b": scale(6),
    "both": ensemble(36.0, "a", "b"),
    "many": versioned({2: 4, 3: 8}),
}

SCENES: Sequence[Scene] = (
    Scene(name="adding", models=_ADDED),
    Scene(
        name="updating, failing, removing one",
        models={**_UPDATED, "b": _BROKEN, "lost": _LOST},
        failing={"b": scale(5), "lost": None},
    ),
    Scene(name="rolling back, removing an ensemble", models=_ROLLED_BACK),
    Scene(name="removing everything", models={}),
)
"""On a server; each follows on the one before it, and the first on the last."""

SERVERLESS: Sequence[Scene] = (
    SCENES[0],
    Scene(name="updating, failing", models={**_UPDATED, "gone": scale(7), "lost": _LOST}, failing={"lost": None}),
    Scene(name="rolling back", models={**_ROLLED_BACK, "gone": scale(7), "over": _UPDATED["over"]}),
)
"""The same where nothing is loaded, so that no load fails and nothing is removed; the first begins with nothing."""

REBOOTED: Sequence[Scene] = (SCENES[0], SERVERLESS[1], *SCENES[2:])
"""On a server that goes down with the run: what it served before a model that fails to load is known to nobody then."""
