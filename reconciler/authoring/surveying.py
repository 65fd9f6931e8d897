"""`reconcile import triton`: what a server has and what its repository holds, as files of models.d."""

import os
from urllib.parse import quote

from reconciler.adapters.sources import NOTHING, Sources, measure
from reconciler.adapters.triton.client import connect
from reconciler.authoring.filing import Place, kept
from reconciler.core.artifact import CONFIG_FILE
from reconciler.core.digest import tree_digest
from reconciler.core.errors import Reason, ReconcileError, UsageError
from reconciler.core.imports import triton
from reconciler.core.imports.drafts import Imported
from reconciler.core.imports.fates import ImportReport
from reconciler.core.spec import Source, Unpack


def from_triton(url: str, repository: str, place: Place) -> ImportReport:
    """What a server has, with its repository. Raises ReconcileError where either cannot be read."""
    if not os.path.isdir(repository):
        raise UsageError(Reason.USAGE, f"{repository} is not a directory", "name the server's model repository")
    with connect(url) as server:
        served = server.configs()
    names = sorted({*served, *_directories(repository)})
    found = [
        triton.Found(name=name, server=url, directory=_directory(repository, name), served=served.get(name))
        for name in names
    ]
    return kept(Imported(results=tuple(map(triton.model, found))), place)


def _directories(repository: str) -> list[str]:
    with os.scandir(repository) as entries:
        return [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]


def _directory(repository: str, name: str) -> triton.Directory | str:
    path = os.path.join(os.path.abspath(repository), name)
    if not os.path.isdir(path):
        return f"it is not in {repository}: it was loaded from the request alone, or its directory is gone"
    uri = f"file://{quote(path)}"
    source = Source(uri=uri, unpack=Unpack.NEVER)
    sources = Sources({}, {})
    try:
        found = measure(sources.store(source), source, NOTHING)
    except ReconcileError as error:
        return error.message
    finally:
        sources.close()
    return triton.Directory(uri=uri, digest=tree_digest(found.content), config=found.configs.get(CONFIG_FILE))
