"""Which servers answer for which model: the table that routers and clients of several servers read (docs/servers.md).

Promise: a server is in a model's `servers` only if it serves what git wants of it; the same state, the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.digest import Generation
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.printable import printable
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.core.statuses.status_files import API_VERSION, to_files
from reconciler.core.web_links import Web

ROUTES_FILE = "@routes.json"
"""No model's file can have this name: of a name, @ would be escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One model. `wanted`: where it belongs; `others`: servers that answer for it, but not with what git wants."""

    model: str
    generation: Generation | None
    servers: tuple[str, ...]
    wanted: tuple[str, ...]
    others: tuple[str, ...]


def routes(statuses: Mapping[str, ModelStatus]) -> Iterator[Route]:
    """The routes of each model that is to be served somewhere, or answers somewhere, by name."""
    for name, status in sorted(statuses.items()):
        right = {url for url, stamp in status.served.items() if stamp is not None and stamp == status.generation}
        servers = right if status.belongs_on else set[str]()
        others = status.served.keys() - servers
        if status.belongs_on or others:
            yield Route(
                model=name,
                generation=status.generation,
                servers=tuple(sorted(servers)),
                wanted=tuple(sorted(status.belongs_on)),
                others=tuple(sorted(others)),
            )


def table(statuses: Mapping[str, ModelStatus]) -> JsonObject:
    """The same as JSON, by model."""
    return {
        printable(route.model): {
            "generation": route.generation,
            "servers": [*map(printable, route.servers)],
            "wanted": [*map(printable, route.wanted)],
            "others": [*map(printable, route.others)],
        }
        for route in routes(statuses)
    }


def folder(statuses: Mapping[str, ModelStatus], target: str, web: Web) -> Mapping[str, bytes]:
    """All that the status branch has of a target: its statuses, the page, the routes."""
    return {**to_files(statuses, target=target, web=web), ROUTES_FILE: routes_file(statuses, target)}


def routes_file(statuses: Mapping[str, ModelStatus], target: str) -> bytes:
    """The file of the status branch."""
    document: JsonObject = {
        "apiVersion": API_VERSION,
        "kind": "RouteTable",
        "metadata": {"name": target},
        "models": table(statuses),
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
