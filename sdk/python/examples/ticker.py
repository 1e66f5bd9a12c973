"""A feed of made-up prices: any name of capital letters is an item."""

import random

import halley_adapter
from halley_adapter import WITH_SNAPSHOT, Feed, Item, Mode, SnapshotKind, UnknownItem


class Ticker:
    def __init__(self) -> None:
        self.items: set[Item] = set()

    def describe(self, name: str) -> list[Mode]:
        if not name.isupper():
            raise UnknownItem(f"{name} is no symbol")
        return [Mode.MERGE]

    def subscribe(self, item: Item) -> SnapshotKind:
        self.items.add(item)
        return WITH_SNAPSHOT

    def unsubscribe(self, item: Item) -> None:
        self.items.remove(item)

    def run(self, feed: Feed) -> None:
        fields = feed.fields("bid", "ask")
        while not feed.wait(seconds=0.1):
            with feed.batch() as b:
                for item in list(self.items):
                    bid = random.gauss(180, 0.1)
                    b.update_row(item, fields, (f"{bid:.2f}", f"{bid + 0.02:.2f}"))


if __name__ == "__main__":
    halley_adapter.serve(data=Ticker())
