"""How a Data Adapter reaches Halley: the feed, its items and its fields."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

from . import frame
from .adapter import Mode, SnapshotKind
from .batch import Batch
from .errors import LimitReached
from .outbox import Outbox
from .v1 import data_pb2


class Item:
    """One life of an item: from ``subscribe`` to ``unsubscribe``, or from ``publish``
    on. What is sent for an item whose life is over is dropped, so a late answer does
    no harm. Halley makes them, and ``Feed.publish``."""

    __slots__ = ("_feed", "_update", "name")

    def __init__(self, feed: Feed, name: str, number: int, defined: bool = False) -> None:
        self.name = name
        """The item's name, as clients ask for it."""
        self._feed = feed
        self._update = bytes((frame.UPDATE | (frame.DEFINED if defined else 0),)) + frame.number(number)

    def __repr__(self) -> str:
        return f"Item({self.name!r})"

    def _head(self, operation: int) -> bytes:
        """Return the beginning of an operation on the item."""
        return bytes((operation | self._update[0] & frame.DEFINED,)) + self._update[1:]


class Fields:
    """Names of fields, looked up once for ``Batch.update_row``."""

    __slots__ = ("_feed", "_row", "names")

    def __init__(self, feed: Feed, names: tuple[str, ...], numbers: Iterable[int]) -> None:
        self.names = names
        self._feed = feed
        self._row = frame.row_writer(tuple(numbers))

    def __repr__(self) -> str:
        return f"Fields{self.names!r}"


class Feed:
    """How a Data Adapter reaches Halley. All methods may be called from any thread.

    When the feed is closed, whatever is sent raises FeedClosed, also where it waits.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._over = threading.Event()
        # Written under the outbox's lock.
        self._numbers: dict[str, int] = {}  # of fields
        self._items: dict[str, Item] = {}  # published
        self._rows: dict[tuple[str, ...], Fields] = {}

    @property
    def closed(self) -> bool:
        """Whether the feed has ended, so that ``run`` should return."""
        return self._over.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the feed has ended, for some time at most. Return whether it
        has, as in ``while not feed.wait(0.5): ...``."""
        return self._over.wait(seconds)

    def batch(self) -> Batch:
        """Return an empty batch, to be used in a ``with`` block or sent by hand."""
        return Batch(self, self._outbox)

    def fields(self, *names: str) -> Fields:
        """Look names of fields up, for ``Batch.update_row``."""
        found = self._rows.get(names)
        if found is not None:
            return found
        if len(set(names)) < len(names):
            raise ValueError(f"a field is named twice: {names}")
        for name in names:
            if name not in self._numbers:
                self._outbox.define(partial(self._define_field, name))
        fields = Fields(self, names, (self._numbers[name] for name in names))
        # An adapter that sends ever other fields together must not fill the memory.
        if len(self._rows) >= 4096:
            self._rows.clear()
        self._rows[names] = fields
        return fields

    def publish(self, name: str, mode: Mode, kind: SnapshotKind = SnapshotKind.NO_SNAPSHOT) -> Item:
        """Return an item that the adapter feeds unasked, and that Halley keeps without
        subscribers. The same name gives the same item."""
        if name not in self._items:
            self._outbox.define(partial(self._define_item, name, mode, kind))
        return self._items[name]

    def up(self) -> None:
        """Say that the source is there and its values are live, as is assumed first."""
        self._outbox.tell(data_pb2.PluginFrame(up=data_pb2.Up()).SerializeToString())

    def down(self, reason: object) -> None:
        """Say that the source is away: values are kept, but may be stale."""
        self._outbox.tell(data_pb2.PluginFrame(down=data_pb2.Down(reason=str(reason))).SerializeToString())

    def _close(self) -> None:
        self._over.set()
        self._outbox.close()

    def _define_field(self, name: str) -> bytes | None:
        if name in self._numbers:  # another thread was faster
            return None
        n = len(self._numbers)
        if n == frame.FIELD_NAMES_MAX:
            raise LimitReached(f"a feed has at most {n} names of fields")
        operation = frame.define_field(n, name)
        self._numbers[name] = n
        return operation

    def _define_item(self, name: str, mode: Mode, kind: SnapshotKind) -> bytes | None:
        if name in self._items:
            return None
        n = len(self._items)
        if n == frame.ITEMS_MAX:
            raise LimitReached(f"a feed publishes at most {n} items")
        operation = frame.define_item(n, mode, kind, name)
        self._items[name] = Item(self, name, n, defined=True)
        return operation
