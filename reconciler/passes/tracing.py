"""A pass as a tree of spans: its stages, and each of its actions with the fields that logs have too."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Self

from reconciler.core.errors import ReconcileError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Fetch, Outcome, Result, Step
from reconciler.core.progress import Moved, Reporter
from reconciler.core.recording import Attributes, PassResult, Recorder, Span, Unrecorded
from reconciler.render import events, words
from reconciler.render.steps import deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where spans go, and the one that they belong to: None outside of a pass."""

    recorder: Recorder = field(default_factory=Unrecorded)
    root: Span | None = None

    @contextmanager
    def a_pass(self) -> Iterator[Self]:
        """The first span of a pass, for the time of the block. What is raised ends it, and is told in it."""
        root = self.recorder.begin("pass", {}, None)
        with _ending(root, {"result": PassResult.FAILED.value}):
            yield replace(self, root=root)

    def reading(self) -> AbstractContextManager[None]:
        """For the time of the block git is read."""
        return self._stage("read")

    def observing(self) -> AbstractContextManager[None]:
        """For the time of the block volume, servers and sources are looked at."""
        return self._stage("observe")

    def planning(self) -> AbstractContextManager[None]:
        """For the time of the block it is planned."""
        return self._stage("plan")

    def committing(self) -> AbstractContextManager[None]:
        """For the time of the block the status is written."""
        return self._stage("commit")

    def about(self, target: str, revision: str) -> None:
        """What the pass is about."""
        self._note(events.of_pass(events.Subject(target=target, revision=revision)))

    def ended(self, result: PassResult, reason: str = "") -> None:
        """How the pass came out; `reason` says why it was not done."""
        self._note({"result": result.value})
        if self.root is not None and result is not PassResult.DONE:
            self.root.fail(reason or result.value)

    def reporter(self, inner: Reporter, target: str, revision: str) -> Reporter:
        """The same reporter, with a span for each action. One for each pass: steps of a pass have ids of their own."""
        if isinstance(self.recorder, Unrecorded):
            return inner
        return _Recording(inner, self, _told(events.of_pass(events.Subject(target=target, revision=revision))))

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        with _ending(self.recorder.begin(name, {}, self.root), {}):
            yield

    def _note(self, fields: JsonObject) -> None:
        if self.root is not None:
            self.root.note(_told(fields))


@contextmanager
def _ending(span: Span, on_failure: Attributes) -> Iterator[None]:
    try:
        yield
    except ReconcileError as error:
        span.note({**on_failure, "reason": error.reason.value, "message": words.line(error.message)})
        span.fail(error.reason.value)
        raise
    except BaseException as error:
        span.note(on_failure)
        span.fail(type(error).__name__)
        raise
    finally:
        span.end()


@dataclass(slots=True)
class _Recording:
    """Tells another reporter all that it is told, and keeps a span for each step. Any thread may call it."""

    inner: Reporter
    trace: Trace
    subject: Attributes
    _open: dict[str, Span] = field(default_factory=dict)
    _came: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expected(self, steps: Sequence[Step]) -> None:
        """Passed on."""
        self.inner.expected(steps)

    def started(self, step: Step) -> None:
        """Its span begins."""
        self._begin(step)
        self.inner.started(step)

    def advanced(self, step: Step, moved: Moved) -> None:
        """Counts what comes."""
        with self._lock:
            self._came[step.id] = self._came.get(step.id, 0) + moved.came
        self.inner.advanced(step, moved)

    def ended(self, outcome: Outcome) -> None:
        """Its span ends, also that of a step that never began."""
        step = outcome.step
        with self._lock:
            span, came = self._open.pop(step.id, None), self._came.pop(step.id, 0)
        span = span or self._begin(step)
        span.note(_told(events.of_outcome(outcome, came if isinstance(step.action, Fetch) else None)))
        if outcome.result is not Result.DONE:
            span.fail(outcome.reason.value)
        span.end(outcome.seconds)
        with self._lock:
            self._open.pop(step.id, None)
        self.inner.ended(outcome)

    def _begin(self, step: Step) -> Span:
        facts = {**self.subject, **_told(events.of_step(step))}
        span = self.trace.recorder.begin(deed(step).verb, facts, self.trace.root)
        with self._lock:
            self._open[step.id] = span
        return span


def _told(fields: JsonObject) -> Attributes:
    """What is known of them; spans have no nulls."""
    return {name: value for name, value in fields.items() if isinstance(value, (str, int, float)) and value != ""}
