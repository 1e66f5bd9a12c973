from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_MERGE: _ClassVar[Mode]
    MODE_DISTINCT: _ClassVar[Mode]
    MODE_COMMAND: _ClassVar[Mode]
    MODE_RAW: _ClassVar[Mode]

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_UNSPECIFIED: _ClassVar[Reason]
    REASON_APPLICATION: _ClassVar[Reason]
    REASON_UNKNOWN_ITEM: _ClassVar[Reason]
    REASON_UNAVAILABLE: _ClassVar[Reason]
    REASON_CREDENTIALS: _ClassVar[Reason]
    REASON_BAD_GROUP: _ClassVar[Reason]
    REASON_BAD_SCHEMA: _ClassVar[Reason]
    REASON_MODE_NOT_ALLOWED: _ClassVar[Reason]
    REASON_BAD_SELECTOR: _ClassVar[Reason]
    REASON_FAILED: _ClassVar[Reason]
MODE_UNSPECIFIED: Mode
MODE_MERGE: Mode
MODE_DISTINCT: Mode
MODE_COMMAND: Mode
MODE_RAW: Mode
REASON_UNSPECIFIED: Reason
REASON_APPLICATION: Reason
REASON_UNKNOWN_ITEM: Reason
REASON_UNAVAILABLE: Reason
REASON_CREDENTIALS: Reason
REASON_BAD_GROUP: Reason
REASON_BAD_SCHEMA: Reason
REASON_MODE_NOT_ALLOWED: Reason
REASON_BAD_SELECTOR: Reason
REASON_FAILED: Reason

class ConfigureRequest(_message.Message):
    __slots__ = ("name", "parameters", "host_version")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    HOST_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    parameters: _containers.ScalarMap[str, str]
    host_version: str
    def __init__(self, name: _Optional[str] = ..., parameters: _Optional[_Mapping[str, str]] = ..., host_version: _Optional[str] = ...) -> None: ...

class ConfigureReply(_message.Message):
    __slots__ = ("name", "version", "data", "catalog", "metadata", "messages", "notices")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CATALOG_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    data: bool
    catalog: bool
    metadata: bool
    messages: bool
    notices: bool
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., data: bool = ..., catalog: bool = ..., metadata: bool = ..., messages: bool = ..., notices: bool = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("reason", "code", "text")
    REASON_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    reason: Reason
    code: int
    text: str
    def __init__(self, reason: _Optional[_Union[Reason, str]] = ..., code: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...
