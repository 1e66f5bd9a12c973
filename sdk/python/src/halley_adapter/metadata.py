"""The contract of Metadata Adapters, and what goes in and out of them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from .adapter import Mode


@dataclass(frozen=True)
class Login:
    """What a client says of itself when it opens a session."""

    adapter_set: str = ""
    user: str = ""
    """Empty for an anonymous client."""
    password: str = field(default="", repr=False)
    address: str = ""
    """The client's IP address."""
    header: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    """The headers of the client's request, by canonical name ("User-Agent")."""


@dataclass(frozen=True)
class Permit:
    """What an authenticated client is granted."""

    user: str
    """The name that the session goes by from then on."""
    max_bandwidth: float = 0.0
    """What the session's updates may take, in kilobits per second; 0 is no limit."""
    max_sessions: int = 0
    """Sessions that the user may have at a time; 0 is no limit but the server's."""
    max_subscriptions: int = 0
    """Subscriptions of each session; 0 is no limit but the server's."""
    expires: datetime | None = None
    """When the client is asked again who it is, with its time zone. None is never."""
    keep_for: timedelta = timedelta(0)
    """For how long the same login, but for the address, is answered so without
    asking again."""
    grant: str = ""
    """A note of the adapter's own, such as roles: it comes back with each Interest of
    the session."""


@dataclass(frozen=True)
class Interest:
    """A subscription that a client asks for."""

    user: str = ""
    data_adapter: str = ""
    group: str = ""
    """By convention names of items, with one blank between them; so is the schema of
    fields."""
    schema: str = ""
    mode: Mode = Mode.MERGE
    selector: str = ""
    grant: str = ""
    """The note that came with the Permit."""


@dataclass(frozen=True)
class Resolution:
    """What an Interest stands for."""

    items: Sequence[str]
    """Names of items, in the order of their positions. None may come twice."""
    fields: Sequence[str]
    """Names of fields, in the order of their positions."""
    max_frequency: float = 0.0
    """The highest frequency, in updates per second and item; 0 is no limit."""
    max_buffer: int = 0
    """How many events of a DISTINCT item may wait for a slow client; 0 is no limit
    but the server's."""
    keep_for: timedelta = timedelta(0)
    """For how long the same interest of the same user is answered so without asking
    again."""
    selector: bool = False
    """Whether the selector is allowed."""


@dataclass(frozen=True)
class Message:
    """Something that a client says to the server."""

    user: str
    session: str = field(repr=False)
    """The id of the sender's session. Who knows it can act for the sender, so it is
    not for logs."""
    text: str
    sequence: str = ""
    """The order of messages that this one is of; empty for none."""
    number: int = 0
    """Its number there, from 1 up."""


class NoticeKind(enum.IntEnum):
    """What a Notice is about."""

    SESSION_OPENED = 1
    SESSION_CLOSED = 2
    SUBSCRIPTION_OPENED = 3
    SUBSCRIPTION_CLOSED = 4


@dataclass(frozen=True)
class Notice:
    """A change of the sessions and subscriptions that there are."""

    kind: NoticeKind
    user: str = ""
    session: str = field(default="", repr=False)
    """The id of the session: see Message."""
    address: str = ""
    subscription: int = 0
    """Of subscriptions: the client's number for it within the session."""
    data_adapter: str = ""
    items: Sequence[str] = ()
    mode: Mode | None = None


class MetadataAdapter(Protocol):
    """Says who may connect and what groups and schemas stand for.

    Clients wait for the answers, so they have a deadline. Several calls come at the
    same time, from different threads. To refuse, raise one of the subclasses of
    AdapterError; any other exception is logged, and the client learns that the
    service is not available.
    """

    def authenticate(self, login: Login) -> Permit:
        """Decide whether a client may open a session."""

    def resolve(self, interest: Interest) -> Resolution:
        """Decide what a subscription stands for, and whether the user may have it."""


@runtime_checkable
class MessageHandler(Protocol):
    """An ability of a Metadata Adapter: it takes what clients say to the server."""

    def message(self, message: Message) -> str:
        """Handle one message and return what its sender is told; may be empty.

        Messages of one sequence come one at a time, in order; all others may come at
        the same time.
        """


@runtime_checkable
class Witness(Protocol):
    """An ability of a Metadata Adapter: it is told which sessions and subscriptions
    there are."""

    def notice(self, notice: Notice) -> None:
        """Take note of one change. Those of one session come one at a time, in order.
        When the adapter is too slow for them, some are left out."""
