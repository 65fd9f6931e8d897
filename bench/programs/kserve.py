"""KServe's storage initializer; it is tuned by its environment."""

import sys

from kserve_storage import Storage


def main(prefix: str, destination: str) -> None:
    """Fetches what is below the prefix into the destination."""
    Storage.download(f"s3://{prefix}", destination)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
