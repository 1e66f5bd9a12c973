"""Plays the host of a plugin."""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

import grpc

from .. import frame
from ..adapter import DataAdapter, SnapshotKind
from ..errors import from_wire
from ..metadata import MetadataAdapter
from ..server import Server
from ..v1 import data_pb2, plugin_pb2
from .operations import Operation, operations

PATIENCE = 10.0
"""Seconds for which the host waits for what should come at once."""

_KINDS = {
    frame.UPDATE: "update",
    frame.SNAPSHOT: "snapshot",
    frame.END_OF_SNAPSHOT: "end_of_snapshot",
    frame.CLEAR: "clear",
    frame.FAIL: "fail",
}


@dataclass(frozen=True)
class Event:
    """One thing that an adapter said of an item."""

    kind: str
    """update, snapshot, end_of_snapshot, clear or fail: as the methods of Batch."""
    item: str
    values: Mapping[str, str | None]
    """Of updates and snapshots."""
    reason: str = ""
    """Of a failure."""


class Host:
    """Starts adapters in this process and speaks to them as Halley does.

    It fails the test (AssertionError) when they break the contract. All methods are
    for the thread of the test.
    """

    def __init__(
        self,
        *,
        data: DataAdapter | None = None,
        metadata: MetadataAdapter | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self._server = Server(data, metadata)
        self._data = data
        self._parameters = dict(parameters or {})
        self._wishes: queue.SimpleQueue[data_pb2.HostFrame | None] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._next = 0
        self._numbers: dict[str, int] = {}  # of the subscribed items
        # All below is guarded by changed.
        self._changed = threading.Condition()
        self._answers: dict[int, SnapshotKind | plugin_pb2.Refusal] = {}
        self._names: dict[int, str] = {}  # of items ever subscribed
        self._over: set[int] = set()  # those that were unsubscribed
        self._defined: list[str] = []
        self._fields: list[str] = []
        self._events: list[Event] = []
        self._values: dict[str, dict[str, str | None]] = {}
        self._down: str | None = None
        self._fault: Exception | None = None
        self._frames = 0

    def __enter__(self) -> Host:
        self._folder = tempfile.mkdtemp(prefix="halley-")
        address = f"unix:{self._folder}/s"
        self._server.start(address)
        self.channel = grpc.insecure_channel(address)
        """The connection to the plugin, for calls that the host has no method for."""
        configure = self.channel.unary_unary(
            "/halley.adapter.v1.Plugin/Configure",
            request_serializer=plugin_pb2.ConfigureRequest.SerializeToString,
            response_deserializer=plugin_pb2.ConfigureReply.FromString,
        )
        try:
            self.abilities = configure(
                plugin_pb2.ConfigureRequest(name="test", parameters=self._parameters), timeout=PATIENCE
            )
            """What the plugin says that it can do."""
        except grpc.RpcError as error:
            self._close()
            raise ValueError(error.details()) from None
        if self._data is not None:
            session = self.channel.stream_stream(
                "/halley.adapter.v1.DataAdapter/Session",
                request_serializer=data_pb2.HostFrame.SerializeToString,
                response_deserializer=data_pb2.PluginFrame.FromString,
            )
            self._stream = session(iter(self._wishes.get, None))
            self._reader = threading.Thread(target=self._read, name="host", daemon=True)
            self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if error is None and self._fault is not None:
            raise AssertionError(f"the plugin's session has failed: {self._fault}")

    def subscribe(self, name: str) -> SnapshotKind:
        """Subscribe an item, and return what the adapter answers. Raises its refusal."""
        number = self._next
        self._next += 1
        self._numbers[name] = number
        with self._changed:
            self._names[number] = name
        self._wishes.put(data_pb2.HostFrame(subscribe=data_pb2.Subscribe(item=number, name=name)))
        self.wait_for(lambda: number in self._answers)
        answer = self._answers[number]
        if isinstance(answer, plugin_pb2.Refusal):
            raise from_wire(answer)
        return answer

    def unsubscribe(self, name: str) -> None:
        """Unsubscribe an item. What still comes for it is dropped."""
        number = self._numbers.pop(name)
        with self._changed:
            self._over.add(number)
        self._wishes.put(data_pb2.HostFrame(unsubscribe=data_pb2.Unsubscribe(item=number)))

    def wait_for(self, condition: Callable[[], object], timeout: float = PATIENCE) -> None:
        """Wait until a condition is met, looking whenever something has come."""
        with self._changed:
            met = self._changed.wait_for(lambda: condition() or self._fault, timeout)
            if self._fault is not None and not condition():
                raise AssertionError(f"the plugin's session has failed: {self._fault}")
            if not met:
                raise AssertionError(f"waited in vain; the adapter has said {self._events[-20:]}")

    def events(self, item: str | None = None) -> list[Event]:
        """Return what was said, of an item or of all."""
        with self._changed:
            return [e for e in self._events if item in (None, e.item)]

    def values(self, item: str) -> dict[str, str | None]:
        """Return the present values of an item's fields, as in MERGE."""
        with self._changed:
            return dict(self._values.get(item, {}))

    @property
    def published(self) -> list[str]:
        """The items that the adapter feeds unasked."""
        with self._changed:
            return list(self._defined)

    @property
    def down(self) -> str | None:
        """Why the adapter's source is away; None while it is there."""
        return self._down

    @property
    def frames(self) -> int:
        """How many frames of updates have come."""
        return self._frames

    def _close(self) -> None:
        self._wishes.put(None)
        if self._reader is not None:
            self._reader.join(PATIENCE)
        self.channel.close()
        self._server.stop(0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self) -> None:
        try:
            for message in self._stream:
                with self._changed:
                    self._take(message)
                    self._changed.notify_all()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.CANCELLED:
                self._fail(RuntimeError(error.details()))
        except Exception as error:
            self._fail(error)

    def _fail(self, fault: Exception) -> None:
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def _take(self, message: data_pb2.PluginFrame) -> None:
        match message.WhichOneof("frame"):
            case "updates":
                self._frames += 1
                for operation in operations(message.updates):
                    self._apply(operation)
            case "subscribed":
                self._answers[message.subscribed.item] = SnapshotKind(message.subscribed.snapshot)
            case "refused":
                self._answers[message.refused.item] = message.refused.refusal
            case "up":
                self._down = None
            case "down":
                self._down = message.down.reason

    def _apply(self, operation: Operation) -> None:
        if operation.code == frame.DEFINE_FIELD:
            self._define(self._fields, operation)
            return
        if operation.code == frame.DEFINE_ITEM:
            self._define(self._defined, operation)
            return
        item = self._item(operation)
        if item is None:
            return
        values = {self._fields[n]: value for n, value in (operation.values or {}).items()}
        self._events.append(Event(_KINDS[operation.code], item, values, operation.text))
        row = self._values.setdefault(item, {})
        if operation.code in (frame.SNAPSHOT, frame.CLEAR):
            row.clear()
        row.update(values)

    def _define(self, names: list[str], operation: Operation) -> None:
        if operation.number != len(names):
            raise ValueError(f"{operation.text!r} is number {operation.number}, where {len(names)} is next")
        if not 1 <= len(operation.text.encode()) <= frame.NAME_MAX or operation.text in names:
            raise ValueError(f"the name {operation.text!r} is bad, or comes twice")
        names.append(operation.text)

    def _item(self, operation: Operation) -> str | None:
        """Return the item of an operation, None if its life is over."""
        if operation.defined:
            return self._defined[operation.number]
        return None if operation.number in self._over else self._names[operation.number]
