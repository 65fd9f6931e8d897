"""Who watches what a command does: the user by its progress, and a collector of traces.

Traces are on when `--traces` or the usual OTEL_* variables ask for them; their library is imported only then.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from reconciler import __version__
from reconciler.cli import terminal
from reconciler.cli.voice import Voice
from reconciler.core.errors import Reason, ReconcileError, TerminalError, UsageError
from reconciler.core.progress import Reporter
from reconciler.core.recording import Recorder, Unrecorded
from reconciler.passes.tracing import Trace

_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


class _Closing(Recorder, Protocol):
    def close(self) -> None:
        """Sends what waits."""


def progress(voice: Voice) -> AbstractContextManager[Reporter]:
    """Bars on a terminal, lines elsewhere, JSON lines where they were asked for."""
    if voice.as_json or not terminal.is_terminal(err=voice.err):
        from reconciler.cli.progress import told_in_lines

        return told_in_lines(voice)
    from reconciler.cli.bars import told_in_bars

    return told_in_bars(err=voice.err)


@contextmanager
def watched(voice: Voice, *, traces: bool | None) -> Iterator[tuple[Reporter, Trace]]:
    """Both; `traces`: what --traces said, if anything. Raises ReconcileError as `recorded` does."""
    with recorded(asked=traces, environment=os.environ) as recorder, progress(voice) as reporter:
        yield reporter, Trace(recorder=recorder)


@contextmanager
def recorded(*, asked: bool | None, environment: Mapping[str, str]) -> Iterator[Recorder]:
    """Where the command's spans go; what waits is sent at the end. `asked`: what --traces said, if anything.

    Raises ReconcileError if it cannot be done and was asked for; if only variables say so, which are often set for
    whole clusters, that is told and nothing is sent.
    """
    if not (asked or (asked is None and _configured(environment))):
        yield Unrecorded()
        return
    try:
        recorder = _recorder(environment)
    except ReconcileError as error:
        if asked:
            raise
        import logging

        logging.getLogger(__name__).warning("No traces are sent: %s", error)
        yield Unrecorded()
        return
    try:
        yield recorder
    finally:
        recorder.close()


def _configured(environment: Mapping[str, str]) -> bool:
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    by_otlp = "otlp" in (environment.get("OTEL_TRACES_EXPORTER") or "otlp").split(",")
    return not off and by_otlp and any(environment.get(name) for name in _ADDRESSES)


def _recorder(environment: Mapping[str, str]) -> _Closing:
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        hint = "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and name the collector's HTTP port, which is 4318 mostly"
        raise UsageError(Reason.USAGE, f"traces are sent over http/protobuf, and not over {protocol}", hint)
    try:
        from reconciler.adapters import traces
    except ImportError as error:
        message = "traces are sent with a package that is not installed"
        raise TerminalError(
            Reason.EXTRA_MISSING, message, "install it: pip install 'triton-reconcile[otel]'"
        ) from error
    return traces.to_collector(__version__, environment)
