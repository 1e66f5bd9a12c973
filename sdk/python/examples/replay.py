"""Recorded ticks, as fast as Halley takes them.

A recording is a zip file with one CSV file in it, which has no header. Its name says
what it holds: ibm_20131008_quote.zip. There are three kinds of lines:

    quote  time, bid, bid size, ask, ask size, exchange, condition, suspicious
    quote  time, bid, ask
    trade  time, price, size, exchange, condition, suspicious

Times are milliseconds since midnight. Prices are in 1/10,000, those of the second kind
decimal numbers. Of a quote, the side whose price and size are 0 did not change.
"""

import heapq
import io
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import halley_adapter
from halley_adapter import NO_SNAPSHOT, Feed, Fields, Item, Mode, SnapshotKind, UnknownItem

Tick = tuple[float, int, Item, Fields, tuple[str, ...]]
"""Time and number of the file, by which ticks are ordered, and the update."""


class Replay:
    def __init__(self) -> None:
        self.files: dict[Path, str] = {}  # and their symbols

    def configure(self, parameters: Mapping[str, str]) -> None:
        if parameters.keys() != {"files"}:
            raise ValueError("there is one parameter, files: recordings with commas between them")
        self.files = {Path(f): Path(f).name.split("_")[0].upper() for f in parameters["files"].split(",")}
        if missing := [str(f) for f in self.files if not f.is_file()]:
            raise ValueError(f"files: there is no {', '.join(missing)}")

    def describe(self, name: str) -> list[Mode]:
        if name not in self.files.values():
            raise UnknownItem(f"{name} is not in the recordings")
        return [Mode.MERGE]

    def subscribe(self, item: Item) -> SnapshotKind:
        self.describe(item.name)  # they are published anyway
        return NO_SNAPSHOT

    def unsubscribe(self, item: Item) -> None:
        pass

    def run(self, feed: Feed) -> None:
        items = {symbol: feed.publish(symbol, Mode.MERGE) for symbol in self.files.values()}
        sources = [ticks(feed, n, file, items[symbol]) for n, (file, symbol) in enumerate(self.files.items())]
        batch = feed.batch()
        for _, _, item, fields, values in heapq.merge(*sources):
            batch.update_row(item, fields, values)  # sends the batch when it is full
        batch.send()
        feed.down("the recording has ended")
        feed.wait()


def ticks(feed: Feed, number: int, file: Path, item: Item) -> Iterator[Tick]:
    """Yield the ticks of a file, but for suspicious ones."""
    both = feed.fields("time", "bid", "bid_size", "ask", "ask_size", "exchange")
    bid = feed.fields("time", "bid", "bid_size", "exchange")
    ask = feed.fields("time", "ask", "ask_size", "exchange")
    prices = feed.fields("time", "bid", "ask")
    trade = feed.fields("time", "last", "size", "volume", "exchange")
    volume, at, time, before = 0, 0.0, "", ""
    with zipfile.ZipFile(file) as z, z.open(z.namelist()[0]) as raw:
        for text in io.TextIOWrapper(raw, "ascii"):
            line = text.rstrip().split(",")
            if line[0] != before:
                before = line[0]
                at, time = float(before), time_of_day(before)
            if len(line) == 3:
                yield at, number, item, prices, (time, line[1], line[2])
            elif line[-1] == "1":
                continue
            elif len(line) == 6:
                volume += int(line[2])
                yield at, number, item, trade, (time, dollars(line[1]), line[2], str(volume), line[3])
            else:
                _, b, b_size, a, a_size, exchange, _, _ = line
                if b == b_size == "0":
                    yield at, number, item, ask, (time, dollars(a), a_size, exchange)
                elif a == a_size == "0":
                    yield at, number, item, bid, (time, dollars(b), b_size, exchange)
                else:
                    yield at, number, item, both, (time, dollars(b), b_size, dollars(a), a_size, exchange)


# The same prices come over and over, and many ticks in one second.


@lru_cache(1 << 16)
def dollars(units: str) -> str:
    """Return a price in 1/10,000 with two decimals, or more if it needs them."""
    units = units.zfill(5)
    return f"{units[:-4]}.{units[-4:-2]}{units[-2:].rstrip('0')}"


def time_of_day(ms: str) -> str:
    """Return milliseconds since midnight as 09:30:00.123."""
    ms = ms.partition(".")[0].zfill(4)
    return f"{second_of_day(ms[:-3])}.{ms[-3:]}"


@lru_cache(16)
def second_of_day(text: str) -> str:
    s = int(text)
    return f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}"


if __name__ == "__main__":
    halley_adapter.serve(data=Replay())
