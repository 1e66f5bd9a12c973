"""What goes in and out of Metadata Adapters, as messages of protobuf."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from .adapter import Mode
from .metadata import Interest, Login, Message, Notice, NoticeKind, Permit, Resolution
from .v1 import metadata_pb2, plugin_pb2


def login(request: metadata_pb2.AuthenticateRequest) -> Login:
    """Return the login that a request is."""
    return Login(
        adapter_set=request.adapter_set,
        user=request.user,
        password=request.password,
        address=request.address,
        header={name: tuple(values.values) for name, values in request.header.items()},
    )


def permit(permit: Permit) -> metadata_pb2.AuthenticateReply:
    """Return the reply that a permit is."""
    reply = metadata_pb2.AuthenticateReply(
        user=permit.user,
        max_bandwidth=permit.max_bandwidth,
        max_sessions=permit.max_sessions,
        max_subscriptions=permit.max_subscriptions,
        keep_for=_duration(permit.keep_for),
        grant=permit.grant,
    )
    if permit.expires is not None:
        if permit.expires.tzinfo is None:
            raise ValueError(f"a permit expires at a time with its time zone, not at {permit.expires}")
        expires = Timestamp()
        expires.FromDatetime(permit.expires)
        reply.expires.CopyFrom(expires)
    return reply


def interest(request: metadata_pb2.ResolveRequest) -> Interest:
    """Return the interest that a request is."""
    return Interest(
        user=request.user,
        data_adapter=request.data_adapter,
        group=request.group,
        schema=request.schema,
        mode=Mode(request.mode),
        selector=request.selector,
        grant=request.grant,
    )


def resolution(resolution: Resolution) -> metadata_pb2.ResolveReply:
    """Return the reply that a resolution is."""
    return metadata_pb2.ResolveReply(
        items=resolution.items,
        fields=resolution.fields,
        max_frequency=resolution.max_frequency,
        max_buffer=resolution.max_buffer,
        keep_for=_duration(resolution.keep_for),
        selector=resolution.selector,
    )


def message(request: metadata_pb2.MessageRequest) -> Message:
    """Return the message that a request is."""
    return Message(
        user=request.user,
        session=request.session,
        text=request.text,
        sequence=request.sequence,
        number=request.number,
    )


def notice(request: metadata_pb2.NoticeRequest) -> Notice:
    """Return the notice that a request is."""
    return Notice(
        kind=NoticeKind(request.kind),
        user=request.user,
        session=request.session,
        address=request.address,
        subscription=request.subscription,
        data_adapter=request.data_adapter,
        items=tuple(request.items),
        mode=Mode(request.mode) if request.mode != plugin_pb2.MODE_UNSPECIFIED else None,
    )


def _duration(time: timedelta) -> Duration | None:
    if time <= timedelta(0):
        return None
    duration = Duration()
    duration.FromTimedelta(time)
    return duration
