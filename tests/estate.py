"""Models of the `scale` backend in real git, from files and from a web server, changed and broken at random.

What bench.load, bench.soak and tests/crash/whole.py do to git. The same dice throw the same repositories.
"""

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pygit2

from reconciler import embedded
from reconciler.core.jsonvalue import JsonObject
from tests.e2e.desired_models import GIVEN, Model, Models, chained, tensors
from tests.e2e.scale_models import built
from tests.web import Page, Web

_POLICY = """
apiVersion: reconciler/v1
kind: Repository
spec:
  policy: {allowEmpty: true, maxRemovals: 100%}
"""
_BRANCH = "refs/heads/main"
_FACTORS = (-2.0, -1.0, -0.5, 0.5, 2.0)
_HIGHEST = 2
_ILLS_OF_MODELS = ("no document", "no number", "no source")
_ILLS_OF_ENSEMBLES = ("no document", "no member")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was done, in words; the models that are gone by it."""

    words: str
    gone: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Estate:
    """`plain` models with their factors, `wholes` with their members, and what ails some of them.

    Names are never given twice: a loop that remembers models grows with them. Half of the sources are on
    `web`, if there is one, and all others in files.
    """

    root: Path
    dice: random.Random
    web: Web | None = None
    fewest: int = 16
    most: int = 28
    plain: dict[str, float] = field(default_factory=dict)
    wholes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ills: dict[str, str] = field(default_factory=dict)
    named: int = 0

    @property
    def repository(self) -> Path:
        """A bare one, as a remote would be."""
        return self.root / "models.git"

    @property
    def volume(self) -> Path:
        """The model volume."""
        return self.root / "volume"

    @property
    def names(self) -> set[str]:
        """All that git wants."""
        return self.plain.keys() | self.wholes.keys()

    def answers(self, given: float) -> dict[str, float]:
        """What each makes of a number, once all is well."""
        return {name: given * self._factor(name) for name in self.names}

    def _factor(self, name: str) -> float:
        return self.plain.get(name) or math.prod(map(self._factor, self.wholes[name]))

    def models(self) -> Models:
        """All that git wants, where nothing is ill, as the tests know models."""
        answers = self.answers(GIVEN)
        return {
            name: Model(
                spec={},
                files={"1/factor": f"{self.plain[name]}\n"} if name in self.plain else {},
                answers={None: answers[name]},
            )
            for name in self.names
        }

    def begin(self) -> None:
        """The first commit: so many models that it may grow and shrink."""
        (self.volume / "models").mkdir(parents=True)
        pygit2.init_repository(str(self.repository), bare=True, initial_head="main")
        for _ in range((self.fewest + self.most) // 2):
            self._add()
        self.commit()

    def commit(self, *, instead: bool = False) -> None:
        """What is wanted now, on top of what was, or instead of the last commit."""
        repo = pygit2.Repository(str(self.repository))
        folder, top = repo.TreeBuilder(), repo.TreeBuilder()
        for name in sorted(self.names):
            folder.insert(f"{name}.yaml", repo.create_blob(self._document(name)), pygit2.enums.FileMode.BLOB)
        top.insert("models.d", folder.write(), pygit2.enums.FileMode.TREE)
        top.insert("reconciler.yaml", repo.create_blob(_POLICY.encode()), pygit2.enums.FileMode.BLOB)
        author = pygit2.Signature("bench", "bench@example.com", int(time.time()))
        tip = repo.references.get(_BRANCH)
        parents = [] if tip is None else tip.peel(pygit2.Commit).parent_ids if instead else [tip.target]
        made = repo.create_commit(None, author, author, f"models {self.dice.random()}", top.write(), parents)
        repo.references.create(_BRANCH, made, force=True)
        repo.free()

    def change(self, before: Callable[[Changed], None] = lambda _: None) -> Changed:
        """One that can be carried out, of models that are well; committed, once `before` was told."""
        kinds = (self._add, self._remove, self._another, self._another, self._rewire, self._rename)
        return self._one_of(kinds, before)

    def harm(self) -> Changed:
        """One that cannot; committed."""
        return self._one_of((self._break, self._break, self._break, self._add_broken))

    def rewrite(self) -> Changed:
        """The last commit was another one, with the same files."""
        self.commit(instead=True)
        return Changed(words="history was rewritten")

    def mend(self) -> Changed:
        """What is ill is well again, each with another factor, or as it was; committed."""
        mended = [*self.ills]
        for name in mended:
            self._mend(name)
        self.commit()
        return Changed(words=f"mended {', '.join(mended)}")

    def _one_of(
        self, choices: Sequence[Callable[[], Changed | None]], before: Callable[[Changed], None] = lambda _: None
    ) -> Changed:
        changed = None
        while changed is None:
            changed = self.dice.choice(choices)()
        before(changed)
        self.commit()
        return changed

    def _document(self, name: str) -> bytes:
        ill = self.ills.get(name)
        if ill == "no document":
            return b"spec: [\n"
        if name in self.plain:
            spec = self._plain_spec(name)
        else:
            members = ("nobody",) if ill == "no member" else self.wholes[name]
            spec = {"framework": "ensemble", "config": chained(*members)}
        document = {"apiVersion": "reconciler/v1", "kind": "Model", "metadata": {"name": name}, "spec": spec}
        return json.dumps(document).encode()

    def _plain_spec(self, name: str) -> JsonObject:
        return {"framework": "scale", "versions": {"1": self._source(name)}, "config": tensors()}

    def _source(self, name: str) -> str:
        if self.web is not None and _odd(name):
            return f"{self.web.url}/{name}/factor"
        return f"file://{self.root}/sources/{name}/factor"

    def _put(self, name: str, text: str) -> None:
        """What its source holds, from now on."""
        if self.web is not None and _odd(name):
            self.web.put(f"/{name}/factor", text.encode(), ETag=f'"{self.dice.random()}"')
            return
        file = self.root / "sources" / name / "factor"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _lose(self, name: str) -> None:
        if self.web is not None and _odd(name):
            self.web.pages.pop(f"/{name}/factor", None)
        else:
            shutil.rmtree(self.root / "sources" / name, ignore_errors=True)

    def _new_name(self, kind: str) -> str:
        self.named += 1
        return f"{kind}{self.named}"

    def _well(self, names: Iterable[str]) -> list[str]:
        return sorted(set(names) - self.ills.keys())

    def _needed(self) -> set[str]:
        return {member for members in self.wholes.values() for member in members}

    def _add(self) -> Changed | None:
        if len(self.names) >= self.most:
            return None
        if len(self._well(self.plain)) > 3 and self.dice.random() < 0.3:
            name = self._new_name("e")
            self.wholes[name] = self._members(name)
        else:
            name = self._new_name("m")
            self._give(name)
        return Changed(words=f"added {name}")

    def _give(self, name: str) -> None:
        self.plain[name] = self.dice.choice([one for one in _FACTORS if one != self.plain.get(name)])
        self._put(name, f"{self.plain[name]}\n")

    def _remove(self) -> Changed | None:
        free = sorted(self.names - self._needed())
        if len(self.names) <= self.fewest or not free:
            return None
        name = self.dice.choice(free)
        self.forget(name)
        return Changed(words=f"removed {name}", gone=frozenset({name}))

    def forget(self, name: str) -> None:
        """Takes a model out of what git wants."""
        self._lose(name)
        self.plain.pop(name, None)
        self.wholes.pop(name, None)
        self.ills.pop(name, None)

    def _another(self) -> Changed | None:
        name = self.dice.choice(self._well(self.plain))
        self._give(name)
        return Changed(words=f"changed {name}")

    def _rewire(self) -> Changed | None:
        wholes = [name for name in self._well(self.wholes) if self._members(name)]
        if not wholes:
            return None
        name = self.dice.choice(wholes)
        self.wholes[name] = self._members(name)
        return Changed(words=f"rewired {name}")

    def _rename(self) -> Changed | None:
        """The same under another name; its source comes along."""
        free = sorted(self._well(self.plain.keys() | self.wholes.keys()))
        free = [name for name in free if name not in self._needed()]
        if not free:
            return None
        old = self.dice.choice(free)
        new = self._new_name(old[0])
        if old in self.plain:
            self.plain[new] = self.plain[old]
            self._put(new, f"{self.plain[new]}\n")
        else:
            self.wholes[new] = self.wholes[old]
        self.forget(old)
        return Changed(words=f"renamed {old} to {new}", gone=frozenset({old}))

    def _members(self, name: str) -> tuple[str, ...]:
        """Older than itself, so that there is no ring, and not high above plain models; none where there are none."""
        fit = [one for one in self._well(self.names) if _number(one) < _number(name) and self._height(one) < _HIGHEST]
        return tuple(self.dice.sample(fit, min(len(fit), self.dice.randint(1, 3))))

    def _height(self, name: str) -> int:
        return 0 if name in self.plain else 1 + max(map(self._height, self.wholes[name]))

    def _break(self) -> Changed | None:
        names = self._well(self.plain) + self._well(self.wholes)
        return self._harmed(self.dice.choice(names)) if names else None

    def _add_broken(self) -> Changed | None:
        if len(self.names) >= self.most:
            return None
        name = self._new_name("m")
        self._give(name)
        return self._harmed(name)

    def _harmed(self, name: str) -> Changed:
        ill = self.dice.choice(_ILLS_OF_MODELS if name in self.plain else _ILLS_OF_ENSEMBLES)
        self.ills[name] = ill
        if ill == "no number":
            self._put(name, f"no number {self.dice.random()}\n")
        if ill == "no source":
            self._lose(name)
        return Changed(words=f"{name} has {ill}")

    def _mend(self, name: str) -> None:
        self.ills.pop(name)
        if name in self.plain:
            self._give(name)

    def mend_one(self) -> Changed | None:
        """The one that is ill for longest; committed."""
        name = next(iter(self.ills), None)
        if name is None:
            return None
        self._mend(name)
        self.commit()
        return Changed(words=f"mended {name}")


def _number(name: str) -> int:
    return int(name[1:])


def _odd(name: str) -> bool:
    return _number(name) % 2 == 1


def stutter(page: Page, dice: random.Random) -> Callable[[], None]:
    """A bad day of a store for one object; gives what ends it."""
    before = page.status, page.length
    page.status, page.length = dice.choice(((503, -1), (500, -1), (403, -1), (200, len(page.body) + 5)))
    return partial(_restore, page, *before)


def _restore(page: Page, status: int, length: int | None) -> None:
    page.status, page.length = status, length


@contextmanager
def estate(root: Path, seed: int, web: Web | None = None) -> Iterator[tuple[Estate, embedded.Server]]:
    """An empty volume with a real Triton on it that serves nothing, and the first commit."""
    made = Estate(root=root, dice=random.Random(seed), web=web)  # noqa: S311  reproducible, not secret
    made.begin()
    with embedded.start(made.volume / "models", flags=(f"--backend-directory={built(root)}",)) as server:
        yield made, server
        server.kill()
