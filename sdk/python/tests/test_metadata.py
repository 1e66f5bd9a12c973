"""Metadata Adapters, through the connection."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message as Protobuf

from halley_adapter import (
    BadCredentials,
    BadGroup,
    Interest,
    Login,
    Message,
    Mode,
    Notice,
    NoticeKind,
    Permit,
    Refusal,
    Resolution,
)
from halley_adapter.testing import Host
from halley_adapter.v1 import metadata_pb2, plugin_pb2

A = TypeVar("A", bound=Protobuf)


class Desk:
    def __init__(self) -> None:
        self.seen: list[object] = []

    def authenticate(self, login: Login) -> Permit:
        self.seen.append(login)
        if login.password != "secret":
            raise BadCredentials("wrong password")
        return Permit(
            user=login.user.lower(),
            max_bandwidth=12.5,
            max_sessions=2,
            max_subscriptions=30,
            expires=datetime(2030, 1, 2, tzinfo=timezone.utc),
            keep_for=timedelta(minutes=1),
        )

    def resolve(self, interest: Interest) -> Resolution:
        self.seen.append(interest)
        if interest.group == "broken":
            raise KeyError("broken")
        if interest.group != "majors":
            raise BadGroup("no such group")
        return Resolution(
            items=["EURUSD", "USDJPY"],
            fields=interest.schema.split(),
            max_frequency=2.5,
            max_buffer=10,
            keep_for=timedelta(seconds=1.5),
            selector=True,
        )


class Talking(Desk):
    def message(self, message: Message) -> str:
        self.seen.append(message)
        if message.text == "buy":
            raise Refusal(-3, "not with this account")
        return message.text.upper()

    def notice(self, notice: Notice) -> None:
        self.seen.append(notice)


def call(host: Host, method: str, request: Protobuf, reply: type[A]) -> A:
    ask: Callable[..., A] = host.channel.unary_unary(
        f"/halley.adapter.v1.MetadataAdapter/{method}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=reply.FromString,
    )
    return ask(request, timeout=10)


def test_authenticate() -> None:
    desk = Desk()
    request = metadata_pb2.AuthenticateRequest(
        adapter_set="FX",
        user="Ada",
        password="secret",
        address="192.0.2.1",
        header={"Cookie": metadata_pb2.HeaderValues(values=["a", "b"])},
    )
    with Host(metadata=desk) as host:
        assert host.abilities.metadata
        assert not (host.abilities.data or host.abilities.messages or host.abilities.notices)
        reply = call(host, "Authenticate", request, metadata_pb2.AuthenticateReply)
        assert desk.seen == [Login("FX", "Ada", "secret", "192.0.2.1", {"Cookie": ("a", "b")})]
        assert (reply.user, reply.max_bandwidth, reply.max_sessions, reply.max_subscriptions) == ("ada", 12.5, 2, 30)
        assert reply.expires.ToDatetime(timezone.utc) == datetime(2030, 1, 2, tzinfo=timezone.utc)
        assert reply.keep_for.ToTimedelta() == timedelta(minutes=1)
        assert not reply.HasField("refusal")
        request.password = "guess"
        refusal = call(host, "Authenticate", request, metadata_pb2.AuthenticateReply).refusal
        assert (refusal.reason, refusal.text) == (plugin_pb2.REASON_CREDENTIALS, "wrong password")


def test_what_is_not_limited_is_not_sent() -> None:
    class Open(Desk):
        def authenticate(self, login: Login) -> Permit:
            return Permit(user=login.user)

    with Host(metadata=Open()) as host:
        reply = call(host, "Authenticate", metadata_pb2.AuthenticateRequest(user="x"), metadata_pb2.AuthenticateReply)
        assert reply == metadata_pb2.AuthenticateReply(user="x")


def test_resolve() -> None:
    desk = Desk()
    request = metadata_pb2.ResolveRequest(
        user="ada",
        data_adapter="QUOTES",
        group="majors",
        schema="bid ask",
        mode=plugin_pb2.MODE_MERGE,
        selector="bid > 1",
    )
    with Host(metadata=desk) as host:
        reply = call(host, "Resolve", request, metadata_pb2.ResolveReply)
        assert desk.seen == [Interest("ada", "QUOTES", "majors", "bid ask", Mode.MERGE, "bid > 1")]
        assert (list(reply.items), list(reply.fields)) == (["EURUSD", "USDJPY"], ["bid", "ask"])
        assert (reply.max_frequency, reply.max_buffer, reply.selector) == (2.5, 10, True)
        assert reply.keep_for.ToTimedelta() == timedelta(seconds=1.5)
        request.group = "minors"
        assert call(host, "Resolve", request, metadata_pb2.ResolveReply).refusal.reason == plugin_pb2.REASON_BAD_GROUP
        request.group = "broken"
        assert call(host, "Resolve", request, metadata_pb2.ResolveReply).refusal.reason == plugin_pb2.REASON_FAILED


def test_messages_and_notices() -> None:
    desk = Talking()
    message = metadata_pb2.MessageRequest(user="ada", session="S1", text="hello", sequence="orders", number=4)
    notice = metadata_pb2.NoticeRequest(
        kind=metadata_pb2.NOTICE_KIND_SUBSCRIPTION_OPENED,
        user="ada",
        session="S1",
        subscription=3,
        data_adapter="QUOTES",
        items=["EURUSD"],
        mode=plugin_pb2.MODE_COMMAND,
    )
    with Host(metadata=desk) as host:
        assert host.abilities.messages
        assert host.abilities.notices
        assert call(host, "Message", message, metadata_pb2.MessageReply).answer == "HELLO"
        message.text = "buy"
        refusal = call(host, "Message", message, metadata_pb2.MessageReply).refusal
        assert (refusal.reason, refusal.code, refusal.text) == (
            plugin_pb2.REASON_APPLICATION,
            -3,
            "not with this account",
        )
        call(host, "Notice", notice, metadata_pb2.NoticeReply)
        opened = metadata_pb2.NoticeRequest(
            kind=metadata_pb2.NOTICE_KIND_SESSION_OPENED, user="ada", address="192.0.2.1"
        )
        call(host, "Notice", opened, metadata_pb2.NoticeReply)
    assert desk.seen == [
        Message("ada", "S1", "hello", "orders", 4),
        Message("ada", "S1", "buy", "orders", 4),
        Notice(NoticeKind.SUBSCRIPTION_OPENED, "ada", "S1", "", 3, "QUOTES", ("EURUSD",), Mode.COMMAND),
        Notice(NoticeKind.SESSION_OPENED, "ada", address="192.0.2.1"),
    ]


def test_nobody_listens() -> None:
    with Host(metadata=Desk()) as host, pytest.raises(grpc.RpcError, match="nobody listens"):
        call(host, "Message", metadata_pb2.MessageRequest(text="hello"), metadata_pb2.MessageReply)


def test_what_is_secret_is_not_shown() -> None:
    shown = repr(
        (Login(password="secret"), Message("ada", "S1", "hello"), Notice(NoticeKind.SESSION_OPENED, session="S1"))
    )
    assert "secret" not in shown
    assert "S1" not in shown
