"""s3fs: `default` is one recursive get, `tuned` has more files and connections at once."""

import sys
from typing import Any

import s3fs


def main(prefix: str, destination: str, *words: str) -> None:
    """Fetches what is below the prefix into the destination."""
    options: dict[str, Any] = {"config_kwargs": {"max_pool_connections": 64}} if "tuned" in words else {}
    more: dict[str, Any] = {"batch_size": 32} if "tuned" in words else {}
    files = s3fs.S3FileSystem(**options)
    files.get(prefix.rstrip("/"), destination, recursive=True, **more)


if __name__ == "__main__":
    main(*sys.argv[1:])
