"""One server: what the rest of the program may ask of it."""

import importlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from reconciler.adapters.triton import endpoint, faults, grouping, looking, operations, probing
from reconciler.adapters.triton.endpoint import Access, Endpoint
from reconciler.adapters.triton.grpcwire import GrpcWire
from reconciler.adapters.triton.wire import CallFailed, Wire
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.observed import ServerView, Unreachable
from reconciler.core.plan import Load, Unload
from reconciler.core.spec import Probe


class Triton:
    """A connection to one server, made by `connect`; safe to use from several threads."""

    def __init__(self, where: Endpoint, wire: Wire) -> None:
        self._where = str(where)
        self._wire = wire
        self._groups = grouping.Groups(wire)

    def observe(self, deadline: float = 30.0) -> ServerView:
        """All that the server has loaded, with stamps, within so many seconds and a fiftieth for each model.

        Unreachable if that could not be had, or if the server does not let others load (NotExplicitMode). Where it
        serves ensembles the latter is found out only by the first load.
        """
        left = looking.Deadline(deadline)
        try:
            view = looking.look(self._wire, left)
            # After a reload below ensembles any unload, even of nothing, reloads them all again (triton-facts §4.4).
            if not view.needs:
                operations.check_explicit(self._wire, left)
            return view
        except CallFailed as failure:
            reason, message = faults.unreachable(failure)
            return Unreachable(reason=reason, message=message)

    def configs(self, deadline: float = 30.0) -> looking.Configs:
        """The config of each model that is up, as served. Raises TransientError if they cannot be had."""
        try:
            return looking.configs(self._wire, looking.Deadline(deadline))
        except CallFailed as failure:
            reason, message = faults.unreachable(failure)
            raise TransientError(reason, f"{self._where}: {message}") from failure

    def load(self, action: Load) -> frozenset[str]:
        """One try: load, read back the stamps of the model and its dependents, probe.

        Gives those dependents that were found down, but came back in time.

        Raises TerminalError (LoadFailed, DependentDown, ProbeFailed, NotExplicitMode) for what the content or the
        set-up decides, TransientError (LoadFailed, TimedOut, StampMismatch, ServerUnreachable, DependentDown) for
        what may pass.
        """
        if action.together:
            self._groups.sweep()
        came_back = operations.load(self._where, self._wire, action)
        self.probe(action.model, action.probes)
        return came_back

    def load_together(self, actions: Sequence[Load]) -> frozenset[str]:
        """Loads in one request: the models that are up with their stamp afterwards, not yet probed. Raises nothing.

        The others are to be loaded one by one, which also tells what ails them; the last one always is.
        """
        return self._groups.load(actions)

    def reload(self, model: str, timeout: float) -> None:
        """Load what is on the disk as it is: nothing is read back. Raises as `load`; timeout in seconds."""
        operations.reload(self._where, self._wire, model, timeout)

    def unload(self, action: Unload) -> None:
        """Unload and wait until it is gone; gone already is done. Raises TransientError (TimedOut, UnloadFailed)."""
        operations.unload(self._where, self._wire, action)

    def probe(self, model: str, probes: tuple[Probe, ...]) -> None:
        """Ask the golden requests. Raises TerminalError (ProbeFailed), or TransientError for no answer in time."""
        probing.probe(self._where, self._wire, model, probes)

    def close(self) -> None:
        """Gives the connection back."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(url: str, access: Access = Access()) -> Triton:  # noqa: B008  frozen
    """A fresh connection to the server at `grpc://`, `grpcs://`, `http://` or `https://`; bare `host:port` is gRPC.

    With an HTTP address everything goes over HTTP, where each load occupies one of the server's workers until it is
    done: prefer gRPC. Nothing is sent before the first call. Raises TerminalError for what is no address.
    """
    where = endpoint.parse(url)
    try:
        return Triton(where, _over_http(where, access) if where.http else GrpcWire(where, access))
    except OSError as error:
        message = f"the certificates for {where} cannot be read: {error.strerror or error}"
        raise TerminalError(Reason.INVALID, message, "check the paths of the PEM files") from error


def _over_http(where: Endpoint, access: Access) -> Wire:
    """Imported only here: what tritonclient needs for HTTP takes as long to import as all else."""
    wire: Wire = importlib.import_module("reconciler.adapters.triton.httpwire").HttpWire(where, access)
    return wire
