import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from halley_adapter.v1 import plugin_pb2 as _plugin_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NoticeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_KIND_UNSPECIFIED: _ClassVar[NoticeKind]
    NOTICE_KIND_SESSION_OPENED: _ClassVar[NoticeKind]
    NOTICE_KIND_SESSION_CLOSED: _ClassVar[NoticeKind]
    NOTICE_KIND_SUBSCRIPTION_OPENED: _ClassVar[NoticeKind]
    NOTICE_KIND_SUBSCRIPTION_CLOSED: _ClassVar[NoticeKind]
NOTICE_KIND_UNSPECIFIED: NoticeKind
NOTICE_KIND_SESSION_OPENED: NoticeKind
NOTICE_KIND_SESSION_CLOSED: NoticeKind
NOTICE_KIND_SUBSCRIPTION_OPENED: NoticeKind
NOTICE_KIND_SUBSCRIPTION_CLOSED: NoticeKind

class AuthenticateRequest(_message.Message):
    __slots__ = ("adapter_set", "user", "password", "address", "header")
    class HeaderEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: HeaderValues
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[HeaderValues, _Mapping]] = ...) -> None: ...
    ADAPTER_SET_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    adapter_set: str
    user: str
    password: str
    address: str
    header: _containers.MessageMap[str, HeaderValues]
    def __init__(self, adapter_set: _Optional[str] = ..., user: _Optional[str] = ..., password: _Optional[str] = ..., address: _Optional[str] = ..., header: _Optional[_Mapping[str, HeaderValues]] = ...) -> None: ...

class HeaderValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class AuthenticateReply(_message.Message):
    __slots__ = ("refusal", "user", "max_bandwidth", "max_sessions", "max_subscriptions", "expires", "keep_for", "grant")
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    MAX_BANDWIDTH_FIELD_NUMBER: _ClassVar[int]
    MAX_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    KEEP_FOR_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    refusal: _plugin_pb2.Refusal
    user: str
    max_bandwidth: float
    max_sessions: int
    max_subscriptions: int
    expires: _timestamp_pb2.Timestamp
    keep_for: _duration_pb2.Duration
    grant: str
    def __init__(self, refusal: _Optional[_Union[_plugin_pb2.Refusal, _Mapping]] = ..., user: _Optional[str] = ..., max_bandwidth: _Optional[float] = ..., max_sessions: _Optional[int] = ..., max_subscriptions: _Optional[int] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., keep_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., grant: _Optional[str] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ("user", "data_adapter", "group", "schema", "mode", "selector", "grant")
    USER_FIELD_NUMBER: _ClassVar[int]
    DATA_ADAPTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    user: str
    data_adapter: str
    group: str
    schema: str
    mode: _plugin_pb2.Mode
    selector: str
    grant: str
    def __init__(self, user: _Optional[str] = ..., data_adapter: _Optional[str] = ..., group: _Optional[str] = ..., schema: _Optional[str] = ..., mode: _Optional[_Union[_plugin_pb2.Mode, str]] = ..., selector: _Optional[str] = ..., grant: _Optional[str] = ...) -> None: ...

class ResolveReply(_message.Message):
    __slots__ = ("refusal", "items", "fields", "max_frequency", "max_buffer", "keep_for", "selector")
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    MAX_FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    MAX_BUFFER_FIELD_NUMBER: _ClassVar[int]
    KEEP_FOR_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    refusal: _plugin_pb2.Refusal
    items: _containers.RepeatedScalarFieldContainer[str]
    fields: _containers.RepeatedScalarFieldContainer[str]
    max_frequency: float
    max_buffer: int
    keep_for: _duration_pb2.Duration
    selector: bool
    def __init__(self, refusal: _Optional[_Union[_plugin_pb2.Refusal, _Mapping]] = ..., items: _Optional[_Iterable[str]] = ..., fields: _Optional[_Iterable[str]] = ..., max_frequency: _Optional[float] = ..., max_buffer: _Optional[int] = ..., keep_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., selector: bool = ...) -> None: ...

class MessageRequest(_message.Message):
    __slots__ = ("user", "session", "text", "sequence", "number")
    USER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    user: str
    session: str
    text: str
    sequence: str
    number: int
    def __init__(self, user: _Optional[str] = ..., session: _Optional[str] = ..., text: _Optional[str] = ..., sequence: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class MessageReply(_message.Message):
    __slots__ = ("refusal", "answer")
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    refusal: _plugin_pb2.Refusal
    answer: str
    def __init__(self, refusal: _Optional[_Union[_plugin_pb2.Refusal, _Mapping]] = ..., answer: _Optional[str] = ...) -> None: ...

class NoticeRequest(_message.Message):
    __slots__ = ("kind", "user", "session", "address", "subscription", "data_adapter", "items", "mode")
    KIND_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DATA_ADAPTER_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    kind: NoticeKind
    user: str
    session: str
    address: str
    subscription: int
    data_adapter: str
    items: _containers.RepeatedScalarFieldContainer[str]
    mode: _plugin_pb2.Mode
    def __init__(self, kind: _Optional[_Union[NoticeKind, str]] = ..., user: _Optional[str] = ..., session: _Optional[str] = ..., address: _Optional[str] = ..., subscription: _Optional[int] = ..., data_adapter: _Optional[str] = ..., items: _Optional[_Iterable[str]] = ..., mode: _Optional[_Union[_plugin_pb2.Mode, str]] = ...) -> None: ...

class NoticeReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
