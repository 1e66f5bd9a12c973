"""How many updates a second one core writes, of five fields.

    python scripts/bench.py

Writing alone, into a stream that takes everything.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from halley_adapter import Batch, Fields, Item
from halley_adapter.feed import Feed
from halley_adapter.outbox import Outbox

UPDATES = 1_000_000
V = TypeVar("V")
NAMES = ("bid", "ask", "last", "volume", "time")


class Nowhere(Outbox):
    """A stream that takes everything at once."""

    def put(self, operations: bytes | bytearray, count: int) -> None:
        pass


def rows() -> list[tuple[str, ...]]:
    """Return what a day of ticks looks like."""
    return [
        (f"180.{n % 100:02}", f"180.{(n + 2) % 100:02}", f"180.{(n + 1) % 100:02}", str(n * 100), f"09:30:{n}")
        for n in range(UPDATES)
    ]


def row(batch: Batch, item: Item, fields: Fields, values: list[tuple[str, ...]]) -> None:
    for v in values:
        batch.update_row(item, fields, v)


def mapping(batch: Batch, item: Item, fields: Fields, values: list[dict[str, str]]) -> None:
    for v in values:
        batch.update(item, v)


def measure(name: str, how: Callable[[Batch, Item, Fields, list[V]], None], values: list[V]) -> None:
    feed = Feed(Nowhere())
    item, fields, batch = Item(feed, "IBM", 7), feed.fields(*NAMES), feed.batch()
    began = time.process_time()
    how(batch, item, fields, values)
    took = time.process_time() - began
    print(f"{name}: {UPDATES / took / 1e6:.2f} million updates/s, {took / UPDATES * 1e9:.0f} ns each")


if __name__ == "__main__":
    ticks = rows()
    measure("update_row", row, ticks)
    measure("update", mapping, [dict(zip(NAMES, t, strict=True)) for t in ticks])
