"""The contract of Data Adapters: what an author writes."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .feed import Feed, Item


class Mode(enum.IntEnum):
    """How the updates of an item relate to each other."""

    MERGE = 1
    """One row of fields; a newer value replaces an older one."""
    DISTINCT = 2
    """A list of events that grows."""
    COMMAND = 3
    """A table of rows by ``key``, changed by the ``command`` ADD, UPDATE or DELETE."""
    RAW = 4
    """Each update is passed on as it came."""


class SnapshotKind(enum.IntEnum):
    """What an adapter sends first for an item just subscribed."""

    NO_SNAPSHOT = 0
    """There is nothing to wait for; clients are told so at once."""
    WITH_SNAPSHOT = 1
    """What comes before the end of the snapshot is the snapshot. In MERGE the end may
    be left out."""


NO_SNAPSHOT = SnapshotKind.NO_SNAPSHOT
WITH_SNAPSHOT = SnapshotKind.WITH_SNAPSHOT


class DataAdapter(Protocol):
    """Brings a feed in. There is no need to derive from it.

    ``run`` has a thread of its own and runs until the feed is closed. ``subscribe``
    and ``unsubscribe`` are called from another thread, one call at a time, in the
    order in which Halley asks; the first may come before ``run`` has done anything.
    """

    def run(self, feed: Feed) -> None:
        """Feed until the feed is closed. An exception ends the plugin, which Halley
        then starts again."""

    def subscribe(self, item: Item) -> SnapshotKind:
        """Begin an item that somebody wants now.

        Raise UnknownItem for a name that is none; any other exception makes Halley
        ask again later. It must not take long, since others wait behind it, and no
        more than two seconds; a source that is slow is asked elsewhere, and the item
        failed (``Batch.fail``) if nothing comes of it.
        """

    def unsubscribe(self, item: Item) -> None:
        """End an item that nobody wants any more. What is still sent for it is
        dropped."""


@runtime_checkable
class Catalog(Protocol):
    """An ability of a Data Adapter: it knows its items without waiting for data, so
    that requests for unknown names and wrong modes are refused at once."""

    def describe(self, name: str) -> Collection[Mode]:
        """Return the modes in which an item may be subscribed; RAW is always
        possible. Raise UnknownItem for a name that is none.

        It may be called from several threads, also before ``run``.
        """


@runtime_checkable
class Configurable(Protocol):
    """An ability of all adapters: it takes parameters from Halley's configuration."""

    def configure(self, parameters: Mapping[str, str]) -> None:
        """Take the parameters, before anything else. Raise ValueError with a
        text that says what is wrong with them."""
