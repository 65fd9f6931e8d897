"""prometheus_client: what a Board and its tally say, for Prometheus to scrape, in a file, or pushed to a gateway.

Promise: nothing global is touched, no series outlives its model, and no secret of a gateway's address is ever shown.
"""

from reconciler.adapters.metrics.exposition import exposition
from reconciler.adapters.metrics.gateway import check, push
from reconciler.adapters.metrics.meter import Meter
from reconciler.adapters.metrics.textfile import write

__all__ = ["Meter", "check", "exposition", "push", "write"]
