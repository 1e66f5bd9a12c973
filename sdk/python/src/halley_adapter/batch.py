"""Batches: what a feed says, in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from . import frame
from .outbox import BYTES_MAX, UPDATES_MAX, Outbox

if TYPE_CHECKING:
    from .feed import Feed, Fields, Item


class Batch:
    """Collects what a feed says and sends it in one piece.

    A batch belongs to one thread. Updates of one item take effect in the order of
    the calls. At the end of its ``with`` block it is sent, and so it is whenever it
    is full; a batch that was sent is empty, and may be filled again. Sending waits
    while Halley takes no more, and that is the only place where a feed waits.

    Values are text, or null where they are None. Halley does not look into them: how
    a price is written is the adapter's choice.
    """

    def __init__(self, feed: Feed, outbox: Outbox) -> None:
        self._feed = feed
        self._outbox = outbox
        self._operations = bytearray()
        self._count = 0

    def update(self, item: Item, values: Mapping[str, frame.Value]) -> None:
        """Change the fields given. The others stay as they are in MERGE, and are null
        in the other modes."""
        self.update_row(item, self._feed.fields(*values), values.values())

    def snapshot(self, item: Item, values: Mapping[str, frame.Value]) -> None:
        """Give a full image: fields not given become null. A COMMAND item has one per
        key, a DISTINCT item one per event."""
        self.snapshot_row(item, self._feed.fields(*values), values.values())

    def update_row(self, item: Item, fields: Fields, values: Iterable[frame.Value]) -> None:
        """Do as update, with values[i] belonging to the field i: the fast way."""
        if not (item._feed is fields._feed is self._feed):
            raise _stale(item)
        self._add(fields._row(item._update, values))

    def snapshot_row(self, item: Item, fields: Fields, values: Iterable[frame.Value]) -> None:
        """Do as snapshot, with values[i] belonging to the field i."""
        if not (item._feed is fields._feed is self._feed):
            raise _stale(item)
        self._add(fields._row(item._head(frame.SNAPSHOT), values))

    def end_of_snapshot(self, item: Item) -> None:
        """End the snapshot of an item that was subscribed WITH_SNAPSHOT."""
        self._add(self._head(item, frame.END_OF_SNAPSHOT))

    def clear(self, item: Item) -> None:
        """Empty the item: all fields null in MERGE, no rows in COMMAND, no past in
        DISTINCT."""
        self._add(self._head(item, frame.CLEAR))

    def fail(self, item: Item, reason: object) -> None:
        """Say that the item cannot be served for now."""
        self._add(frame.fail(self._head(item, frame.FAIL), str(reason)))

    def send(self) -> None:
        """Send what has been collected, if anything."""
        if self._count:
            operations, count = self._operations, self._count
            self._operations, self._count = bytearray(), 0
            self._outbox.put(operations, count)

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.send()

    def _head(self, item: Item, operation: int) -> bytes:
        if item._feed is not self._feed:
            raise _stale(item)
        return item._head(operation)

    def _add(self, operation: bytes) -> None:
        if len(operation) > BYTES_MAX:
            self._add_large(operation)
            return
        self._operations += operation
        self._count += 1
        if self._count >= UPDATES_MAX or len(self._operations) >= BYTES_MAX:
            self.send()

    def _add_large(self, operation: bytes) -> None:
        if len(operation) > frame.FRAME_MAX - 16:
            raise ValueError(f"an update of {len(operation)} bytes does not fit into a frame of {frame.FRAME_MAX}")
        self.send()
        self._outbox.put(operation, 1)


def _stale(item: Item) -> ValueError:
    return ValueError(f"{item!r}, or the fields, are of another feed: they end with the session that they began in")
