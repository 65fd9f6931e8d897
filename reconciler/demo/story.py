"""What happens in the demo, act by act. Each claim is checked."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.demo import commands
from reconciler.demo.inference import Question, ask, traffic
from reconciler.demo.stage import Stage, set_up
from reconciler.demo.telling import Teller

_IN = (1.0, 2.0, 3.0)
_SCALE = Question(model="scale", given=_IN, right=(2, 4, 6))
_SCALE_BY_3 = Question(model="scale", given=_IN, right=(3, 6, 9))
_SHIFT = Question(model="shift", given=_IN, right=(11, 12, 13))
_BOTH = Question(model="scale-then-shift", given=_IN, right=(12, 14, 16))
_BOTH_BY_3 = Question(model="scale-then-shift", given=_IN, right=(13, 16, 19))
_SQUARE = Question(model="power", version=1, given=_IN, right=(1, 4, 9))
_CUBE = Question(model="power", version=2, given=_IN, right=(1, 8, 27))
_AVERAGE = Question(model="average", given=_IN, right=(2,))

_INVALID = "a file is not valid; all others were looked after"
_PLANNED = {0: "nothing is to be done", 2: "there are changes", 65: _INVALID}
_APPLIED = {0: "all is as git wants it", 6: "applied, but one model failed", 65: _INVALID}
"""What the exit codes say (spec §5); 2 is of `plan --detailed-exitcode` only."""

_STATUS = "origin/reconciler-status"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Play:
    """The acts, with what they need."""

    tell: Teller
    stage: Stage

    def introduce(self) -> None:
        """Where everything is."""
        self.tell.say(f"It runs, without a model: {self.stage.server.grpc_url}")
        self.tell.say(f"Everything else is in {self.stage.folder}:")
        self.tell.say("  models.git  a bare git remote, made from the models.d/ of this package")
        self.tell.say("  work        a clone of it, for the commits below")
        self.tell.say(
            "  examples    the models' files. A bare remote has no folder to start relative paths from, so the"
        )
        self.tell.say("              sources in models.d/ were made absolute; the one archive comes over http,")
        self.tell.say(f"              from {self.stage.archives}")
        self.tell.say("  volume      the model volume; Triton was started on volume/models in explicit mode")
        self.tell.say("")
        self.tell.say("The commands below are run in work, and read from the environment what to work on:")
        self.exports()

    def exports(self) -> None:
        """The settings, to be copied into a shell."""
        for name, value in self.stage.settings.items():
            self.tell.copyable(f"export {name}={value}")

    def roll_out(self) -> None:
        """From nothing to five models."""
        self.tell.heading("The first rollout: five models in git, none on the server")
        self._plan(code=2)
        self._apply(code=0)
        self._ask(_SCALE, _SHIFT, _BOTH, _SQUARE, _CUBE, _AVERAGE)

    def run_again(self) -> None:
        """The empty second run."""
        self.tell.heading("The same again: nothing is to be done, and nothing is done")
        before = self._statuses()
        self._plan(code=0)
        self._apply(code=0)
        self.tell.check("the status branch got no commit: nothing changed", holds=self._statuses() == before)

    def change(self) -> None:
        """An update under traffic."""
        self.tell.heading("A commit changes one model: scale shall multiply by 3")
        self.stage.clone.replace("scale", "examples/scale-by-2", "examples/scale-by-3")
        self.stage.clone.replace("scale", "[2, 4, 6]", "[3, 6, 9]")
        self._push("scale: multiply by 3")
        self._plan(code=2)
        with traffic(self.stage.server.http_url, _SCALE) as requests:
            self._apply(code=0)
        count = f"of {requests.sent} requests sent to scale meanwhile, {len(requests.failures)} failed"
        self.tell.check(count, holds=requests.sent > 0 and not requests.failures)
        self._ask(_SCALE_BY_3, _BOTH_BY_3)
        self.tell.say("The ensemble scale-then-shift is the same as before, and serves the new scale.")

    def remove(self) -> None:
        """A model goes away."""
        self.tell.heading("A commit removes one model: average")
        self.stage.clone.model("average").unlink()
        self._push("Remove average")
        self._plan(code=2)
        self._apply(code=0)
        answer = ask(self.stage.server.http_url, _AVERAGE)
        self.tell.check(f"average is not served any more: {answer}", holds=isinstance(answer, str))
        self._ask(_SCALE_BY_3, _SQUARE)

    def mistype(self) -> None:
        """A file with an error."""
        self.tell.heading("A commit breaks one model: a typing error in shift.yaml")
        self.stage.clone.replace("shift", "framework:", "framewrok:")
        self._push("shift: a typing error")
        self._plan(code=65)
        self._apply(code=65)
        self._ask(_SHIFT, _BOTH_BY_3)
        self.tell.say("A file with an error is not a file that is gone: shift stays as it is and goes on serving.")

        self._take_back()

    def fail(self) -> None:
        """A model that only Triton can find wanting."""
        self.tell.heading("A commit breaks one model in a way that only Triton can find out")
        self.stage.clone.replace("scale", "examples/scale-by-3", "examples/scale-broken")
        self._push("scale: other files")
        self._plan(code=2)
        self._apply(code=6)
        self._ask(_SCALE_BY_3, _BOTH_BY_3)
        self.tell.say("The update was put back: the old scale is on the volume and serves as before.")
        self.tell.say("The new one is not tried again until it changes:")
        self._run("plan", heard=self.tell.heard)
        self._take_back()

    def show_status(self) -> None:
        """What was written for people."""
        self.tell.heading("What everybody can read: the status branch of the same remote")
        self._git("fetch", "--quiet")
        for file in ("README.md", "scale.yaml"):
            self._git("show", f"{_STATUS}:demo/{file}")
        history = self._git("log", "--oneline", _STATUS)
        self.tell.check("one commit for each apply after which something was different", holds=len(history) > 1)

    def _take_back(self) -> None:
        self.tell.say("")
        self.tell.say("It is taken back, and git and the server agree again:")
        self.tell.prompt("git revert --no-edit HEAD && git push")
        self.stage.clone.git("revert", "--no-edit", "HEAD")
        self.stage.clone.git("push", "--quiet")
        self._apply(code=0)
        self._plan(code=0)

    def say_goodbye(self) -> None:
        """How to play on."""
        self.tell.heading("Play on")
        self.tell.say(
            "The server goes on running, and everything is still there but the http server of the archive, which ended "
            "with this program: average, whose source it was, cannot be fetched again. In a shell:"
        )
        self.tell.copyable(f"export PATH={Path(sys.executable).parent}:$PATH")
        self.exports()
        self.tell.copyable(f"cd {self.stage.clone.folder}")
        self.tell.copyable("reconcile status")
        self.tell.say("Edit models.d/, `git commit`, `git push`, then:")
        self.tell.copyable("reconcile plan")
        self.tell.copyable("reconcile apply")
        self.tell.say(f"Triton's log: {self.stage.server.log}")
        self.tell.say("To end it, and to remove everything:")
        self.tell.copyable(f"kill {self.stage.server.pid}  # it ends within some seconds")
        self.tell.copyable(f"chmod -R u+w {self.stage.folder}")
        self.tell.copyable(f"rm -r {self.stage.folder} {self.stage.server.log.parent}")

    def _plan(self, *, code: int) -> None:
        found = self._run("plan", "--detailed-exitcode", heard=self.tell.heard)
        self._check(found, code, _PLANNED)

    def _apply(self, *, code: int) -> None:
        with commands.without_the_plan(self.tell.heard) as heard:
            found = self._run("apply", heard=heard)
        self._check(found, code, _APPLIED)

    def _run(self, *arguments: str, heard: Callable[[str], None]) -> int:
        self.tell.prompt(" ".join(["reconcile", *arguments]))
        environ = {**self.stage.clone.environ, **self.stage.settings}
        return commands.run(arguments, self.stage.clone.folder, environ, heard)

    def _check(self, found: int, code: int, meanings: Mapping[int, str]) -> None:
        self.tell.check(f"exit code {found}: {meanings.get(found, f'{code} was expected')}", holds=found == code)

    def _ask(self, *questions: Question) -> None:
        for question in questions:
            answer = ask(self.stage.server.http_url, question)
            shown = answer if isinstance(answer, str) else _numbers(answer)
            claim = f"POST {question.path}  IN {_numbers(question.given)} → OUT {shown}"
            wanted = "" if answer == question.right else f", but {_numbers(question.right)} is right"
            self.tell.check(claim + wanted, holds=answer == question.right)

    def _push(self, message: str) -> None:
        self.tell.prompt(f"git commit --all --message '{message}' && git push")
        for line in self.stage.clone.push(message):
            self.tell.heard(line)

    def _git(self, *arguments: str) -> list[str]:
        self.tell.prompt(" ".join(["git", *arguments]))
        lines = self.stage.clone.git(*arguments).splitlines()
        for line in lines:
            self.tell.heard(line)
        return lines

    def _statuses(self) -> str:
        self.stage.clone.git("fetch", "--quiet")
        return self.stage.clone.git("rev-list", _STATUS)


def _numbers(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


def play(tell: Teller, *, keep: bool) -> None:
    """All of it. Raises DemoFailedError where a claim does not hold, ReconcileError where there can be no stage."""
    tell.heading("A real Triton on this machine (the first time 250 MB are downloaded, once)")
    with set_up(keep=keep) as stage:
        begun = time.monotonic()
        shown = _Play(tell=tell, stage=stage)
        shown.introduce()
        for act in (
            shown.roll_out,
            shown.run_again,
            shown.change,
            shown.remove,
            shown.mistype,
            shown.fail,
            shown.show_status,
        ):
            act()
        seconds = time.monotonic() - begun
        if keep:
            shown.say_goodbye()
    tell.say("")
    gone = "" if keep else " The server was stopped and everything removed; --keep leaves it for you to play on."
    tell.check(f"All {tell.checked} claims were checked, in {seconds:.0f} seconds.{gone}", holds=True)
