"""The object stores of the tests, each behind the same three verbs: fill a new bucket, add to it, and read a source.

gs:// is asked of moto: obstore speaks Google's XML API, which is S3's by design, and no server that pip installs speaks
it for Google (gcp-storage-emulator knows the JSON API only). So generations and Google's errors are not proved here.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.adapters.sources import Listed, Loose, Sources, Store, select
from reconciler.core.spec import Credentials, Source
from tests.azurite import ACCOUNT, Azure
from tests.azurite import KEY as AZURE_KEY
from tests.web import KEY, SECRET, s3_client

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Bucket:
    """A new bucket of one of the stores, and what a run needs to read it."""

    scheme: str
    client: Any
    endpoint: str
    environment: Mapping[str, str]
    name: str = field(default_factory=lambda: f"bucket{next(_NUMBERS)}")

    @property
    def credentials(self) -> dict[str, Credentials]:
        return {"test": Credentials(endpoint_url=self.endpoint, from_env="T_")}

    def source(self, path: str, **more: Any) -> Source:
        return Source(uri=f"{self.scheme}://{self.name}{path}", credentials="test", **more)

    def store(self, path: str) -> Store:
        return Sources(self.credentials, self.environment).store(self.source(path))

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Adds objects, or replaces them."""
        for key, content in objects.items():
            if self.scheme == "az":
                self.client.get_blob_client(self.name, key).upload_blob(content, overwrite=True)
            else:
                acl = {"ACL": "public-read"} if self.scheme == "gs" else {}
                self.client.put_object(Bucket=self.name, Key=key, Body=content, **acl)

    def folder(self, key: str) -> None:
        """A directory as the tools of this store note it."""
        if self.scheme == "az":
            self.client.get_blob_client(self.name, key).upload_blob(b"", metadata={"hdi_isfolder": "true"})
        else:
            self.put({f"{key}/": b""})

    def listed(self, path: str, **more: Any) -> tuple[Listed, ...]:
        """What is chosen of a source."""
        source = self.source(path, **more)
        found = select(self.store(path).listing(), source)
        assert isinstance(found, Loose)
        return found.files

    def read(self, path: str, **more: Any) -> dict[str, bytes]:
        """What is chosen of a source, with its content."""
        store = self.store(path)
        return {file.path: b"".join(map(bytes, store.blocks(file))) for file in self.listed(path, **more)}


def s3_bucket(endpoint: str) -> Bucket:
    """One on an S3 server."""
    environment = {"T_AWS_ACCESS_KEY_ID": KEY, "T_AWS_SECRET_ACCESS_KEY": SECRET}
    made = Bucket("s3", s3_client(endpoint), endpoint, environment)
    made.client.create_bucket(Bucket=made.name)
    return made


def gs_bucket(endpoint: str) -> Bucket:
    """One on a server that speaks Google's XML API."""
    made = Bucket("gs", s3_client(endpoint), endpoint, {"T_GOOGLE_SKIP_SIGNATURE": "true"})
    made.client.create_bucket(Bucket=made.name, ACL="public-read")
    return made


def az_container(azure: Azure) -> Bucket:
    """One on Azurite."""
    environment = {"T_AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "T_AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY}
    made = Bucket("az", azure.client, azure.endpoint, environment)
    made.client.create_container(made.name)
    return made
