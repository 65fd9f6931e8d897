"""What the demo plays on: a folder, a real Triton, a git remote, an http server; and how all of it goes away again."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler import embedded
from reconciler.demo import archives, configuration
from reconciler.demo.configuration import Clone
from reconciler.embedded import Info, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that is there. `settings` are the variables that tell `reconcile` where; `archives` is a URL."""

    folder: Path
    server: Info
    clone: Clone
    archives: str
    settings: Mapping[str, str]


@contextmanager
def set_up(*, keep: bool) -> Iterator[Stage]:
    """The stage, taken down afterwards; with `keep` folder and server stay if all went well.

    Raises ReconcileError where the local Triton cannot be had or git is missing.
    """
    folder = Path(tempfile.mkdtemp(prefix="reconcile-demo-"))
    with ExitStack() as closing, ExitStack() as leaving:
        leaving.callback(_remove, folder)
        shutil.copytree(configuration.packaged() / "examples", folder / "examples")
        archives.pack(folder / "examples" / "average", folder / "archives" / "average.tar.gz")
        url = closing.enter_context(archives.serving(folder / "archives"))
        clone = configuration.publish(folder, url, configuration.environment(os.environ))
        models = folder / "volume" / "models"
        models.mkdir(parents=True)
        server = embedded.start(models, detached=keep)
        leaving.callback(_stop, server)
        settings = {
            "RECONCILE_REPO": str(clone.remote),
            "RECONCILE_VOLUME": str(models.parent),
            "RECONCILE_SERVER": server.info.grpc_url,
        }
        yield Stage(folder=folder, server=server.info, clone=clone, archives=url, settings=settings)
        if keep:
            leaving.pop_all()


def _stop(server: Server) -> None:
    server.stop()
    shutil.rmtree(server.info.log.parent, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Trees on the volume are read-only, folders too."""
    for where, _, _ in os.walk(folder):
        Path(where).chmod(stat.S_IRWXU)
    shutil.rmtree(folder)
