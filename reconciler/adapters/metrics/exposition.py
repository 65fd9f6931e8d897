"""The metrics as text, in the format that the reader asks for."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from reconciler.adapters.metrics.families import Collector
from reconciler.core.views.board import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """A text and its media type."""

    text: bytes
    media_type: str


def exposition(board: Board, accept: str = "") -> Exposition:
    """In OpenMetrics or Prometheus' own text format, as the request's `Accept` has it; with those of the process."""
    registry = CollectorRegistry()
    registry.register(Collector(board))
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    try:
        encode, media_type = choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is no number
        encode, media_type = choose_encoder("")
    return Exposition(text=encode(registry), media_type=media_type)
