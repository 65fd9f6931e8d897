"""Which servers of a target each model belongs on, as a value; core/rendezvous.py decides it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.observed import Observed, Serving
from reconciler.core.served import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Servers by model; a model that is not in here belongs on every server.

    `notes`: why a model is not on as many as it asks for. `still`: nothing leaves a server in this pass.
    """

    servers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    still: bool = False

    def has(self, server: str, model: str) -> bool:
        """Whether the model belongs on this server."""
        places = self.servers.get(model)
        return places is None or server in places

    def of(self, model: str, servers: Collection[str]) -> tuple[str, ...]:
        """Those of the servers that the model belongs on, in order."""
        return tuple(server for server in sorted(servers) if self.has(server, model))

    def views(self, model: str, observed: Observed) -> dict[str, Serving]:
        """The servers that answered and that the model belongs on."""
        return {server: view for server, view in serving(observed).items() if self.has(server, model)}

    def seen_by(self, model: str, observed: Observed) -> Observed:
        """The world with those servers only that the model belongs on."""
        if model not in self.servers:
            return observed
        return replace(observed, servers={url: observed.servers[url] for url in self.of(model, observed.servers)})


EVERYWHERE = Placement()
