from halley_adapter.v1 import plugin_pb2 as _plugin_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ("item",)
    ITEM_FIELD_NUMBER: _ClassVar[int]
    item: str
    def __init__(self, item: _Optional[str] = ...) -> None: ...

class DescribeReply(_message.Message):
    __slots__ = ("modes", "refusal")
    MODES_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    modes: _containers.RepeatedScalarFieldContainer[_plugin_pb2.Mode]
    refusal: _plugin_pb2.Refusal
    def __init__(self, modes: _Optional[_Iterable[_Union[_plugin_pb2.Mode, str]]] = ..., refusal: _Optional[_Union[_plugin_pb2.Refusal, _Mapping]] = ...) -> None: ...

class HostFrame(_message.Message):
    __slots__ = ("subscribe", "unsubscribe")
    SUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    UNSUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    subscribe: Subscribe
    unsubscribe: Unsubscribe
    def __init__(self, subscribe: _Optional[_Union[Subscribe, _Mapping]] = ..., unsubscribe: _Optional[_Union[Unsubscribe, _Mapping]] = ...) -> None: ...

class Subscribe(_message.Message):
    __slots__ = ("item", "name")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    item: int
    name: str
    def __init__(self, item: _Optional[int] = ..., name: _Optional[str] = ...) -> None: ...

class Unsubscribe(_message.Message):
    __slots__ = ("item",)
    ITEM_FIELD_NUMBER: _ClassVar[int]
    item: int
    def __init__(self, item: _Optional[int] = ...) -> None: ...

class PluginFrame(_message.Message):
    __slots__ = ("updates", "subscribed", "refused", "up", "down")
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    UP_FIELD_NUMBER: _ClassVar[int]
    DOWN_FIELD_NUMBER: _ClassVar[int]
    updates: bytes
    subscribed: Subscribed
    refused: Refused
    up: Up
    down: Down
    def __init__(self, updates: _Optional[bytes] = ..., subscribed: _Optional[_Union[Subscribed, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ..., up: _Optional[_Union[Up, _Mapping]] = ..., down: _Optional[_Union[Down, _Mapping]] = ...) -> None: ...

class Subscribed(_message.Message):
    __slots__ = ("item", "snapshot")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    item: int
    snapshot: bool
    def __init__(self, item: _Optional[int] = ..., snapshot: bool = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("item", "refusal")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    item: int
    refusal: _plugin_pb2.Refusal
    def __init__(self, item: _Optional[int] = ..., refusal: _Optional[_Union[_plugin_pb2.Refusal, _Mapping]] = ...) -> None: ...

class Up(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Down(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...
