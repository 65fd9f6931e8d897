"""What is said to a Triton, whichever protocol carries it, and the ways in which a call can fail.

Both wires sort their library's errors into one Kind here, once; everything above decides by Kind.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reconciler.core.jsonvalue import JsonObject

_GAP = re.compile(r"\s+;")


class Kind(Enum):
    """How a call failed, by who has to do something about it."""

    UNREACHABLE = auto()  # no connection, or it was lost
    TIMEOUT = auto()  # no answer in time; the server may still be at it
    TLS = auto()  # one side speaks TLS and the other does not, or a certificate is not trusted
    NOT_TRITON = auto()  # something answers there, but not this protocol of a Triton
    RESTRICTED = auto()  # the server wants credentials
    NOT_EXPLICIT = auto()  # the server does not let others load and unload
    BUSY = auto()  # the server's own "unavailable"
    NOT_FOUND = auto()
    REJECTED = auto()  # the server's own "invalid"
    INTERNAL = auto()  # the server's own failure


class CallFailed(Exception):  # noqa: N818  it never leaves the adapter
    """A call that failed; `words` are the server's own or the library's."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = _GAP.sub(";", words).strip(" \n;")  # Triton ends what each version says with a line of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the repository index; `version` and `state` are empty for a model that was never loaded."""

    model: str
    version: str = ""
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A named tensor; `datatype` is the Open Inference Protocol's. BYTES are objects, BF16 is held as FP32."""

    name: str
    datatype: str
    values: NDArray[Any]


Files = Mapping[str, bytes]
"""Contents by `file:` and their path in the model's directory."""

NO_FILES: Files = MappingProxyType({})


class Wire(Protocol):
    """One connection to one server. Every call takes a timeout in seconds and raises CallFailed only. Thread-safe."""

    def version(self, timeout: float) -> str:
        """The server's version."""

    def index(self, timeout: float) -> Sequence[Row]:
        """The repository index."""

    def loaded(self, timeout: float) -> Sequence[Row]:
        """Models with statistics, so READY ones: also those that the index does not know (triton-facts §1)."""

    def config(self, model: str, version: str, timeout: float) -> JsonObject:
        """The config as served, proto field names; version "" is the latest that is READY."""

    def marks(self, model: str, version: str, timeout: float) -> JsonObject:
        """What of the same a look needs: its parameters, and the models of its steps. Cheaper where there are many."""

    def load(self, model: str, config: str | None, timeout: float, files: Files = NO_FILES) -> None:
        """Load with this config (JSON), or the one on the disk; with files in the request the disk is not asked."""

    def unload(self, model: str, timeout: float) -> None:
        """Unload; the server answers before it is gone."""

    def infer(
        self, model: str, inputs: Sequence[Tensor], outputs: Sequence[str], timeout: float
    ) -> Mapping[str, Tensor]:
        """One inference."""

    def close(self) -> None:
        """Gives the connection back."""


NUMPY_TYPES: Mapping[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BF16": np.float32,
    "BYTES": np.object_,
}


def kind_of_words(words: str) -> Kind | None:
    """What Triton and gRPC tell only in their messages."""
    return next((kind for sign, kind in _SIGNS if sign in words.lower()), None)


_SIGNS = (
    ("this protocol is restricted", Kind.RESTRICTED),
    ("this api is restricted", Kind.RESTRICTED),
    ("explicit model load / unload is not allowed", Kind.NOT_EXPLICIT),
    ("tls handshake failed", Kind.TLS),
    ("ssl handshake failed", Kind.TLS),
    ("failed to connect", Kind.UNREACHABLE),
    ("errors resolving", Kind.UNREACHABLE),
    ("dns resolution failed", Kind.UNREACHABLE),
    ("socket closed", Kind.UNREACHABLE),
    ("connection reset", Kind.UNREACHABLE),
    ("broken pipe", Kind.UNREACHABLE),
    ("goaway", Kind.UNREACHABLE),
)
