"""boto3: `default` is a loop over download_file, `tuned` sixteen of them at once with big parts."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config


def _client(connections: int) -> Any:
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}, max_pool_connections=connections))


def main(prefix: str, destination: str, *words: str) -> None:
    """Fetches what is below the prefix into the destination."""
    bucket, _, below = prefix.partition("/")
    tuned = "tuned" in words
    client = _client(64 if tuned else 10)
    options: dict[str, Any] = {"multipart_chunksize": 32 << 20, "max_concurrency": 8} if tuned else {}
    config = TransferConfig(preferred_transfer_client="classic", **options)

    def fetch(key: str) -> None:
        path = os.path.join(destination, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        client.download_file(bucket, key, path, Config=config)

    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below)
    keys = [row["Key"] for page in pages for row in page["Contents"]]
    with ThreadPoolExecutor(16 if tuned else 1) as pool:
        list(pool.map(fetch, keys))


if __name__ == "__main__":
    main(*sys.argv[1:])
