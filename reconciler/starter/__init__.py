"""The files of a new configuration repository, as `reconcile init` writes them."""

from collections.abc import Iterator
from importlib import resources

from reconciler.core.schemas import schema

_FILES = {
    "README.md": "README.md",
    "reconciler.yaml": "reconciler.yaml",
    "models.d/double.yaml": "double.yaml",
    "models.d/double.lock": "double.lock",
    "models/double/config.pbtxt": "config.pbtxt",
    "models/double/1/model.py": "model.py.txt",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".github/workflows/reconcile.yml": "workflow.yml",
    ".github/CODEOWNERS": "CODEOWNERS",
    ".vscode/settings.json": "settings.json",
}
_VERSION = "@VERSION@"


def files(version: str) -> Iterator[tuple[str, bytes]]:
    """Each path with its content; `version`: of the release that the workflow and the hooks are to use."""
    folder = resources.files(__name__)
    for path, name in _FILES.items():
        yield path, folder.joinpath(name).read_text("utf-8").replace(_VERSION, version).encode()
    yield from ((f"schemas/{name}", text.encode()) for name, text in schema.documents().items())
