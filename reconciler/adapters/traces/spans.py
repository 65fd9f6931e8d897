"""Spans of OpenTelemetry's SDK, and the thread that sends them in the background.

Promise: a collector that is down, slow or refuses everything holds up nothing and fails nothing. Spans wait in memory,
bounded; the end of the program waits for them `PATIENCE` seconds at most; what is lost is told in one line.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from reconciler.core.recording import Attributes, Span

PATIENCE = 5.0
"""Seconds that the end of the program waits for the collector."""

_QUEUE = 16384
"""Spans that wait for the collector: enough for a pass over some thousand models."""

_SECOND = 1_000_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Spanned:
    """One span of the SDK's; `began` in nanoseconds."""

    span: trace.Span
    began: int

    def note(self, facts: Attributes) -> None:
        """Sets attributes."""
        self.span.set_attributes(facts)

    def fail(self, why: str) -> None:
        """Sets the status to an error."""
        self.span.set_status(trace.Status(trace.StatusCode.ERROR, why))

    def end(self, seconds: float | None = None) -> None:
        """Ends it, so many seconds after it began if that is said."""
        self.span.end(None if seconds is None else self.began + round(seconds * _SECOND))


@dataclass(slots=True)
class _Counted(SpanExporter):
    """Sends through another exporter, and counts what could not be sent."""

    to: SpanExporter
    lost: int = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the other one does."""
        result = self.to.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.lost += len(spans)
        return result

    def shutdown(self) -> None:
        """As the other one does."""
        self.to.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """As the other one does."""
        return self.to.force_flush(timeout_millis)


@dataclass(slots=True)
class Traces:
    """A recorder that sends spans with an exporter in the background, and is closed once."""

    exporter: SpanExporter
    service: Mapping[str, str] = field(default_factory=dict)
    shown: str = "the collector"
    patience: float = PATIENCE
    _counted: _Counted = field(init=False)
    _provider: TracerProvider = field(init=False)
    _tracer: trace.Tracer = field(init=False)

    def __post_init__(self) -> None:
        self._counted = _Counted(self.exporter)
        # Nothing of the SDK's runs at the end of the program: its own wait is half a minute.
        self._provider = TracerProvider(resource=Resource.create(dict(self.service)), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._counted, max_queue_size=_QUEUE))
        self._tracer = self._provider.get_tracer("reconciler")

    def begin(self, name: str, facts: Attributes, parent: Span | None) -> Span:
        """A span below its parent, if that is one of ours."""
        context = trace.set_span_in_context(parent.span) if isinstance(parent, _Spanned) else None
        began = time.time_ns()
        span = self._tracer.start_span(name, context, attributes=facts, start_time=began)
        return _Spanned(span, began)

    def close(self) -> None:
        """Sends what waits, for a few seconds at most, and warns once if something was lost."""
        closing = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        closing.start()
        closing.join(self.patience)
        if closing.is_alive():
            _log.warning("Traces are left unsent: %s takes too long", self.shown)
        elif self._counted.lost:
            _log.warning("Traces were not taken by %s: %d spans are lost", self.shown, self._counted.lost)
