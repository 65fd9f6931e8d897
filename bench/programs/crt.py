"""boto3's CRT transport: `default` is file after file, `tuned` is all at once with big parts.

Through its transfer manager, for boto3 itself opens it with TLS only, which the server here does not speak.
"""

import os
import sys
from typing import Any

import boto3
from botocore.session import Session
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)


def main(prefix: str, destination: str, *words: str) -> None:
    """Fetches what is below the prefix into the destination."""
    bucket, _, below = prefix.partition("/")
    session, tuned = Session(), "tuned" in words
    keys = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
    part = 32 << 20 if tuned else 8 << 20
    client = create_s3_crt_client(os.environ["AWS_REGION"], keys, part_size=part, use_ssl=False)
    place = {"region_name": os.environ["AWS_REGION"], "endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below)
    running: list[Any] = []
    with CRTTransferManager(client, BotocoreCRTRequestSerializer(session, place)) as manager:
        for key in [row["Key"] for page in pages for row in page["Contents"]]:
            path = os.path.join(destination, key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            running.append(manager.download(bucket, key, path))
            if not tuned:
                running.pop().result()
        for each in running:
            each.result()


if __name__ == "__main__":
    main(*sys.argv[1:])
