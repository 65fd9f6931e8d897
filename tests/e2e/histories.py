"""Repositories that grow and change at random: what git says next, with the answers that are right then."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tests.e2e.desired_models import GIVEN, Model, Models, ensemble
from tests.e2e.scale_models import scale, versioned

FACTORS = (-2.0, -1.0, -0.5, 0.5, 2.0)
"""Products of these are exact in FP32."""

_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Plain:
    """One number, or one by version; `note` is a change of the config alone."""

    factors: Mapping[int, float]
    note: int = 0

    @property
    def factor(self) -> float:
        """That of the latest version."""
        return self.factors[max(self.factors)]

    def model(self) -> Model:
        """The model it stands for."""
        return versioned(self.factors) if len(self.factors) > 1 else scale(self.factor, self.note)


Sketch = Mapping[str, Plain | tuple[str, ...]]
"""Plain models, and ensembles by their members."""


def models(sketch: Sketch) -> Models:
    """What git says, with the right answers."""
    return {
        name: one.model() if isinstance(one, Plain) else ensemble(GIVEN * _factor(sketch, name), *one)
        for name, one in sketch.items()
    }


def history(seed: int, largest: int, changes: int) -> Iterator[Sketch]:
    """A first sketch of up to so many models, then so many that come of it by a few changes each."""
    dice = random.Random(seed)  # noqa: S311  reproducible, not secret
    size = dice.randint(5, largest)
    sketch: Sketch = {}
    while len(sketch) < size:
        sketch = _added(sketch, dice)
    yield sketch
    for _ in range(changes):
        for _ in range(dice.choice((1, 1, 1, 2, 3, 5))):
            sketch = dice.choice((_added, _removed, _another, _another, _noted, _versions, _rewired))(sketch, dice)
        yield sketch


def _factor(sketch: Sketch, name: str) -> float:
    one = sketch[name]
    if isinstance(one, Plain):
        return one.factor
    product = 1.0
    for member in one:
        product *= _factor(sketch, member)
    return product


def _depth(sketch: Sketch, name: str) -> int:
    one = sketch[name]
    return 0 if isinstance(one, Plain) else 1 + max(_depth(sketch, member) for member in one)


def _needed(sketch: Sketch) -> set[str]:
    return {member for one in sketch.values() if isinstance(one, tuple) for member in one}


def _members(sketch: Sketch, dice: random.Random, deepest: int) -> tuple[str, ...]:
    fit = sorted(name for name in sketch if _depth(sketch, name) < deepest)
    return tuple(dice.sample(fit, min(len(fit), dice.randint(1, 3))))


def _added(sketch: Sketch, dice: random.Random) -> Sketch:
    name = next(name for number in range(1000) if (name := f"m{number}") not in sketch)
    if len(sketch) > 1 and dice.random() < 0.4:
        return {**sketch, name: _members(sketch, dice, _DEEPEST)}
    return {**sketch, name: Plain({1: dice.choice(FACTORS)})}


def _removed(sketch: Sketch, dice: random.Random) -> Sketch:
    free = sorted(sketch.keys() - _needed(sketch))
    gone = dice.choice(free)
    return {name: one for name, one in sketch.items() if name != gone} if len(sketch) > 4 else sketch


def _plain(sketch: Sketch, dice: random.Random) -> tuple[str, Plain]:
    return dice.choice([(name, one) for name, one in sorted(sketch.items()) if isinstance(one, Plain)])


def _another(sketch: Sketch, dice: random.Random) -> Sketch:
    name, one = _plain(sketch, dice)
    return {**sketch, name: Plain({**one.factors, max(one.factors): dice.choice(FACTORS)}, one.note)}


def _noted(sketch: Sketch, dice: random.Random) -> Sketch:
    name, one = _plain(sketch, dice)
    return {**sketch, name: replace(one, note=one.note + 1)}


def _versions(sketch: Sketch, dice: random.Random) -> Sketch:
    """One version more, or one less."""
    name, one = _plain(sketch, dice)
    if len(one.factors) > 2 or (len(one.factors) > 1 and dice.random() < 0.5):
        gone = dice.choice(sorted(one.factors))
        left = {number: factor for number, factor in one.factors.items() if number != gone}
        return {**sketch, name: Plain(left if len(left) > 1 else {1: one.factor}, one.note)}
    return {**sketch, name: Plain({**one.factors, max(one.factors) + 1: dice.choice(FACTORS)}, one.note)}


def _rewired(sketch: Sketch, dice: random.Random) -> Sketch:
    """An ensemble gets other members, none of which is above it."""
    ensembles = sorted(name for name, one in sketch.items() if isinstance(one, tuple))
    if not ensembles:
        return sketch
    name = dice.choice(ensembles)
    return {**sketch, name: _members(sketch, dice, max(1, _depth(sketch, name)))}
