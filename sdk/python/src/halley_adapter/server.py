"""The gRPC services of a plugin."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message as Protobuf

from . import wire
from .adapter import Catalog, Configurable, DataAdapter
from .errors import AdapterError, to_wire
from .metadata import MessageHandler, MetadataAdapter, Witness
from .session import PATIENCE, Session
from .v1 import data_pb2, metadata_pb2, plugin_pb2

log = logging.getLogger("halley_adapter")

# Calls at a time, each of which has a thread while it lasts: a session, and whatever
# waits in the Metadata Adapter. Health has to be answered beside them.
_THREADS = 64

_PACKAGE = "halley.adapter.v1."
_HEALTHY = {b"": b"\x08\x01", b"\x0a\x06plugin": b"\x08\x01"}  # requests and replies of grpc.health.v1

Q = TypeVar("Q", bound=Protobuf)
A = TypeVar("A", bound=Protobuf)


class Server:
    """Serves adapters at an address, until it is stopped.

    ``stopped`` is set when Halley asks the plugin to exit.
    """

    def __init__(
        self, data: DataAdapter | None, metadata: MetadataAdapter | None, name: str = "", version: str = ""
    ) -> None:
        self.stopped = threading.Event()
        self._data = data
        self._metadata = metadata
        self._name = name
        self._version = version
        self._one_session = threading.Lock()
        self._grpc = grpc.server(
            ThreadPoolExecutor(_THREADS, "grpc"),
            options=[("grpc.max_receive_message_length", 4 << 20), ("grpc.max_send_message_length", 4 << 20)],
        )
        self._grpc.add_generic_rpc_handlers(tuple(self._services()))

    def start(self, address: str) -> None:
        """Begin to serve at an address such as unix:/path."""
        self._grpc.add_insecure_port(address)
        self._grpc.start()

    def stop(self, grace: float = 0.5) -> None:
        """End all calls, after some seconds by force, and wait for the session to end,
        so that the adapter can put away what it holds."""
        self._grpc.stop(grace).wait()
        if self._one_session.acquire(timeout=PATIENCE):
            self._one_session.release()

    def _services(self) -> Iterator[grpc.GenericRpcHandler]:
        yield _service(_PACKAGE + "Plugin", Configure=_unary(self._configure, plugin_pb2.ConfigureRequest))
        if self._data is not None:
            yield _service(
                _PACKAGE + "DataAdapter",
                Describe=_unary(self._describe, data_pb2.DescribeRequest),
                # The session's messages come as bytes: updates are never objects.
                Session=grpc.stream_stream_rpc_method_handler(
                    self._session, request_deserializer=data_pb2.HostFrame.FromString
                ),
            )
        if self._metadata is not None:
            yield _service(
                _PACKAGE + "MetadataAdapter",
                Authenticate=_unary(self._authenticate, metadata_pb2.AuthenticateRequest),
                Resolve=_unary(self._resolve, metadata_pb2.ResolveRequest),
                Message=_unary(self._message, metadata_pb2.MessageRequest),
                Notice=_unary(self._notice, metadata_pb2.NoticeRequest),
            )
        # These two are go-plugin's; their messages are so small that they are written
        # by hand.
        yield _service("grpc.health.v1.Health", Check=grpc.unary_unary_rpc_method_handler(_check_health))
        yield _service("plugin.GRPCController", Shutdown=grpc.unary_unary_rpc_method_handler(self._shutdown))

    def _configure(
        self, request: plugin_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.ConfigureReply:
        parameters = dict(request.parameters)
        takers: list[Configurable] = []
        for adapter in (self._data, self._metadata):
            if isinstance(adapter, Configurable) and adapter not in takers:  # it may be both
                takers.append(adapter)
        if parameters and not takers:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the plugin takes no parameters")
        for taker in takers:
            try:
                taker.configure(parameters)
            except Exception as error:
                if not isinstance(error, ValueError):
                    log.exception("configure has failed")
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, to_wire(error).text)
        return plugin_pb2.ConfigureReply(
            name=self._name,
            version=self._version,
            data=self._data is not None,
            catalog=isinstance(self._data, Catalog),
            metadata=self._metadata is not None,
            messages=isinstance(self._metadata, MessageHandler),
            notices=isinstance(self._metadata, Witness),
        )

    def _describe(self, request: data_pb2.DescribeRequest, context: grpc.ServicerContext) -> data_pb2.DescribeReply:
        catalog = self._data
        if not isinstance(catalog, Catalog):
            return data_pb2.DescribeReply()
        return _answer(
            "describe",
            lambda: data_pb2.DescribeReply(modes=[int(m) for m in catalog.describe(request.item)]),
            lambda refusal: data_pb2.DescribeReply(refusal=refusal),
        )

    def _session(self, wishes: Iterator[data_pb2.HostFrame], context: grpc.ServicerContext) -> Iterator[bytes]:
        assert self._data is not None
        with self._one_session:  # who asks for a second one waits for the first to end
            session = Session(self._data)
            if not context.add_callback(session.close):
                return  # it is over already
            yield from session.serve(wishes)
            if session.error is not None:
                context.abort(grpc.StatusCode.ABORTED, to_wire(session.error).text)

    def _authenticate(
        self, request: metadata_pb2.AuthenticateRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.AuthenticateReply:
        assert self._metadata is not None
        adapter = self._metadata
        return _answer(
            "authenticate",
            lambda: wire.permit(adapter.authenticate(wire.login(request))),
            lambda refusal: metadata_pb2.AuthenticateReply(refusal=refusal),
        )

    def _resolve(
        self, request: metadata_pb2.ResolveRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.ResolveReply:
        assert self._metadata is not None
        adapter = self._metadata
        return _answer(
            "resolve",
            lambda: wire.resolution(adapter.resolve(wire.interest(request))),
            lambda refusal: metadata_pb2.ResolveReply(refusal=refusal),
        )

    def _message(
        self, request: metadata_pb2.MessageRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.MessageReply:
        adapter = self._metadata
        if not isinstance(adapter, MessageHandler):
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "nobody listens to messages here")
        return _answer(
            "message",
            lambda: metadata_pb2.MessageReply(answer=adapter.message(wire.message(request))),
            lambda refusal: metadata_pb2.MessageReply(refusal=refusal),
        )

    def _notice(self, request: metadata_pb2.NoticeRequest, context: grpc.ServicerContext) -> metadata_pb2.NoticeReply:
        if isinstance(self._metadata, Witness):
            try:
                self._metadata.notice(wire.notice(request))
            except Exception:
                log.exception("notice has failed")
        return metadata_pb2.NoticeReply()

    def _shutdown(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.stopped.set()
        return b""


def _service(name: str, **methods: grpc.RpcMethodHandler[Any, Any]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(name, methods)


def _unary(method: Callable[[Q, grpc.ServicerContext], A], request: type[Q]) -> grpc.RpcMethodHandler[Q, A]:
    return grpc.unary_unary_rpc_method_handler(
        method, request_deserializer=request.FromString, response_serializer=lambda reply: reply.SerializeToString()
    )


def _answer(what: str, ask: Callable[[], A], refuse: Callable[[plugin_pb2.Refusal], A]) -> A:
    """Return an adapter's answer; its errors are answers too."""
    try:
        return ask()
    except AdapterError as error:
        return refuse(to_wire(error))
    except Exception as error:
        log.exception("%s has failed", what)
        return refuse(to_wire(error))


def _check_health(request: bytes, context: grpc.ServicerContext) -> bytes:
    reply = _HEALTHY.get(request)
    if reply is None:
        context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
    return reply
