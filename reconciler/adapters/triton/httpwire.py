"""Triton over HTTP, for where gRPC does not get through.

The trap: a load occupies one of the server's HTTP workers until it is done (8 by default), and with all of them busy
nothing else is answered, not even liveness (triton-facts §0.5). The standard library carries the calls, since
tritonclient.http is bound to one thread (gevent); its encoding of tensors is used.
"""

# ruff: noqa: D102  the Protocol says what each call is

import base64
import contextlib
import http.client
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from reconciler.adapters.triton.endpoint import Access, Endpoint
from reconciler.adapters.triton.wire import NO_FILES, CallFailed, Files, Kind, Row, Tensor, kind_of_words
from reconciler.core.jsonvalue import JsonObject, canonical, parsed

_LENGTH = "Inference-Header-Content-Length"
_KINDS = {
    400: Kind.REJECTED,
    401: Kind.RESTRICTED,
    403: Kind.RESTRICTED,
    404: Kind.NOT_FOUND,
    500: Kind.INTERNAL,
    502: Kind.BUSY,
    503: Kind.BUSY,
    504: Kind.BUSY,
}


class HttpWire:
    """A wire that connects anew for each call."""

    def __init__(self, endpoint: Endpoint, access: Access) -> None:
        self._endpoint = endpoint
        self._headers = dict(endpoint.metadata + access.metadata)
        self._tls: ssl.SSLContext | None = None
        if endpoint.encrypted:
            self._tls = ssl.create_default_context(cafile=access.root_certificates)
            if access.certificate is not None:
                self._tls.load_cert_chain(access.certificate, access.private_key)

    def version(self, timeout: float) -> str:
        with _shaped():
            return str(self._json("GET", "/v2", timeout)["version"])

    def index(self, timeout: float) -> Sequence[Row]:
        with _shaped():
            return [_row(row, row.get("state", "")) for row in self._json("POST", "/v2/repository/index", timeout)]

    def loaded(self, timeout: float) -> Sequence[Row]:
        with _shaped():
            return [_row(row, "READY") for row in self._json("GET", "/v2/models/stats", timeout)["model_stats"]]

    def config(self, model: str, version: str, timeout: float) -> JsonObject:
        part = f"/versions/{version}" if version else ""
        found: JsonObject = self._json("GET", f"{_model(model)}{part}/config", timeout)
        return found

    def marks(self, model: str, version: str, timeout: float) -> JsonObject:
        return self.config(model, version, timeout)

    def load(self, model: str, config: str | None, timeout: float, files: Files = NO_FILES) -> None:
        parameters: JsonObject = {path: base64.b64encode(content).decode() for path, content in files.items()}
        body = canonical({"parameters": parameters | ({} if config is None else {"config": config})})
        self._call("POST", f"/v2/repository/models/{quote(model, safe='')}/load", timeout, body)

    def unload(self, model: str, timeout: float) -> None:
        self._call("POST", f"/v2/repository/models/{quote(model, safe='')}/unload", timeout)

    def infer(
        self, model: str, inputs: Sequence[Tensor], outputs: Sequence[str], timeout: float
    ) -> Mapping[str, Tensor]:
        try:
            body, length = triton.InferenceServerClient.generate_request_body(
                [_given(tensor) for tensor in inputs],
                outputs=[triton.InferRequestedOutput(name) for name in outputs],
            )
        except InferenceServerException as error:
            raise CallFailed(Kind.REJECTED, str(error)) from error
        headers = {} if length is None else {_LENGTH: str(length)}
        with _shaped():
            content, found = self._call("POST", f"{_model(model)}/infer", timeout, body, headers)
            answer = triton.InferenceServerClient.parse_response_body(content, header_length=int(found or 0) or None)
            return {output["name"]: _taken(output, answer) for output in answer.get_response()["outputs"]}

    def close(self) -> None:
        """Nothing is kept open between calls."""

    def _json(self, method: str, path: str, timeout: float) -> Any:
        content, _ = self._call(method, path, timeout)
        return parsed(content.decode(errors="replace"))  # names of files are told as they are

    def _call(
        self, method: str, path: str, timeout: float, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[bytes, str | None]:
        """The body of a 200 and the length of its JSON part, if it has others."""
        with contextlib.closing(self._connect(timeout)) as connection, _sorted():
            connection.request(method, self._endpoint.path + path, body, {**self._headers, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise _refusal(answer.status, content)
        return content, answer.getheader(_LENGTH)

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._endpoint.host, self._endpoint.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)


def _model(name: str) -> str:
    return f"/v2/models/{quote(name, safe='')}"


def _row(row: Any, state: str) -> Row:
    return Row(model=row["name"], version=row.get("version", ""), state=state, reason=row.get("reason", ""))


def _given(tensor: Tensor) -> triton.InferInput:
    given = triton.InferInput(tensor.name, list(tensor.values.shape), tensor.datatype)
    given.set_data_from_numpy(tensor.values)
    return given


def _taken(output: Any, answer: triton.InferResult) -> Tensor:
    return Tensor(name=output["name"], datatype=output["datatype"], values=answer.as_numpy(output["name"]))


@contextlib.contextmanager
def _shaped() -> Iterator[None]:
    """JSON of another shape than Triton's is an answer of something else."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CallFailed(Kind.NOT_TRITON, "the answer is not one of a Triton's") from error


@contextlib.contextmanager
def _sorted() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise CallFailed(Kind.TIMEOUT, "no answer in time") from error
    except ssl.SSLError as error:
        raise CallFailed(Kind.TLS, error.reason or str(error)) from error
    except http.client.RemoteDisconnected as error:
        raise CallFailed(Kind.UNREACHABLE, "the server closed the connection without an answer") from error
    except http.client.HTTPException as error:
        raise CallFailed(Kind.NOT_TRITON, "the answer is not HTTP") from error
    except OSError as error:
        raise CallFailed(Kind.UNREACHABLE, error.strerror or str(error)) from error


def _refusal(status: int, content: bytes) -> CallFailed:
    try:
        words = str(parsed(content)["error"])
    except (LookupError, TypeError, ValueError):
        # Triton explains every refusal but that of a path it does not know, and a proxy's pages are not its words.
        kind = _KINDS.get(status, Kind.NOT_TRITON)
        return CallFailed(Kind.NOT_TRITON if kind is Kind.NOT_FOUND else kind, f"HTTP status {status}")
    return CallFailed(kind_of_words(words) or _KINDS.get(status, Kind.INTERNAL), words)
