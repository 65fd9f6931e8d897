"""Azurite: the blob storage of Azure on loopback, filled by Azure's own client."""

import datetime
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's own


@dataclass(frozen=True)
class Azure:
    """A storage account; `endpoint` has its name as the path, as Azurite wants it."""

    endpoint: str

    @property
    def client(self) -> BlobServiceClient:
        return BlobServiceClient(self.endpoint, credential=KEY)

    def fill(self, container: str, blobs: Mapping[str, bytes], *, public: bool = False) -> None:
        """A new container with these blobs."""
        with (
            self.client as client,
            client.create_container(container, public_access="container" if public else None) as made,
        ):
            for name, content in blobs.items():
                made.upload_blob(name, content)

    def folder(self, container: str, name: str) -> None:
        """A directory as the tools for Data Lake note it."""
        with self.client as client, client.get_container_client(container) as opened:
            opened.upload_blob(name, b"", metadata={"hdi_isfolder": "true"})

    def sas(self) -> str:
        """A signature that lets its bearer list and read for an hour."""
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        permission = AccountSasPermissions(read=True, list=True)
        kinds = ResourceTypes(container=True, object=True)
        return generate_account_sas(ACCOUNT, KEY, kinds, permission, until)


@contextmanager
def azurite(directory: Path) -> Iterator[Azure]:
    """The server; skips only where npm is missing, and never in CI."""
    if shutil.which("npm") is None and not os.environ.get("CI"):
        pytest.skip("npm is not installed, which brings Azurite")
    script = Path(__file__).with_name("azurite.sh")
    program = subprocess.run(["sh", str(script)], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    command = [program, "--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(directory), "--silent"]
    command += ["--skipApiVersionCheck", "--disableTelemetry"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                found = re.search(r"listens on (http://\S+)", line) or re.search(r"(http://127\.0\.0\.1:\d+)", line)
                if found:
                    yield Azure(f"{found[1].rstrip('/')}/{ACCOUNT}")
                    break
        finally:
            process.kill()
