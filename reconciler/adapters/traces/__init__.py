"""OpenTelemetry: spans go to a collector over OTLP (HTTP), as the usual OTEL_* variables say, which the SDK reads.

The headers of requests and the query of the address, which may be secrets, appear in no message.
"""

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from reconciler.adapters.traces.spans import Traces
from reconciler.core.errors import Reason, UsageError

__all__ = ["Traces", "to_collector"]


def to_collector(version: str, environment: Mapping[str, str]) -> Traces:
    """Traces by OTLP, to where the OTEL_* variables say. Raises UsageError for variables that the SDK cannot read."""
    # What it says of failures quotes addresses with their queries; ours counts them and says so once, without.
    told = logging.getLogger("opentelemetry")
    told.propagate, told.handlers = False, [logging.NullHandler()]
    try:
        exporter = OTLPSpanExporter()
    except (OSError, ValueError) as error:
        hint = "see the OTEL_EXPORTER_OTLP_* variables"
        raise UsageError(Reason.USAGE, f"traces cannot be sent as the variables say: {error}", hint) from error
    named = "OTEL_SERVICE_NAME" in environment or "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    service = {} if named else {"service.name": "reconcile"}
    return Traces(exporter, service | {"service.version": version}, _where(environment))


def _where(environment: Mapping[str, str]) -> str:
    """The collector's host and port, without anything else of its address."""
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    address = next((environment[name] for name in names if environment.get(name)), "http://localhost:4318")
    return urlsplit(address).netloc.rpartition("@")[2] or "the collector"
