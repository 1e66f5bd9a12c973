"""Data Adapters, through the connection."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

import grpc
import pytest

from halley_adapter import (
    NO_SNAPSHOT,
    WITH_SNAPSHOT,
    Batch,
    Feed,
    FeedClosed,
    Item,
    Mode,
    Refusal,
    SnapshotKind,
    UnknownItem,
)
from halley_adapter.testing import Event, Host
from halley_adapter.v1 import data_pb2, plugin_pb2


class Quotes:
    """An adapter that says what a test tells it to."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.gone: list[str] = []
        self.ready = threading.Event()
        self.ended = threading.Event()

    def run(self, feed: Feed) -> None:
        self.feed = feed
        self.ready.set()
        feed.wait()
        self.ended.set()

    def subscribe(self, item: Item) -> SnapshotKind:
        if item.name == "none":
            raise UnknownItem("none is no item")
        if item.name == "closed":
            raise Refusal(-7, "the exchange is closed")
        if item.name == "broken":
            raise OSError("the line is dead")
        self.items[item.name] = item
        return NO_SNAPSHOT if item.name == "news" else WITH_SNAPSHOT

    def unsubscribe(self, item: Item) -> None:
        del self.items[item.name]
        self.gone.append(item.name)

    def say(self, what: Callable[[Batch], None]) -> None:
        assert self.ready.wait(10)
        with self.feed.batch() as b:
            what(b)


def test_updates_arrive_as_they_were_said() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        assert host.subscribe("IBM") == WITH_SNAPSHOT
        ibm = adapter.items["IBM"]

        def say(b: Batch) -> None:
            b.snapshot(ibm, {"bid": "180.36", "ask": None})
            b.end_of_snapshot(ibm)
            b.update(ibm, {"ask": "180.40"})
            b.update_row(ibm, adapter.feed.fields("ask", "bid"), ("", b"180.37"))
            b.clear(ibm)
            b.fail(ibm, OSError("the line is dead"))

        adapter.say(say)
        host.wait_for(lambda: len(host.events("IBM")) == 6)
        assert host.events() == [
            Event("snapshot", "IBM", {"bid": "180.36", "ask": None}),
            Event("end_of_snapshot", "IBM", {}),
            Event("update", "IBM", {"ask": "180.40"}),
            Event("update", "IBM", {"ask": "", "bid": "180.37"}),
            Event("clear", "IBM", {}),
            Event("fail", "IBM", {}, "the line is dead"),
        ]


def test_items_without_a_snapshot() -> None:
    with Host(data=Quotes()) as host:
        assert host.subscribe("news") == NO_SNAPSHOT


def test_refusals() -> None:
    with Host(data=Quotes()) as host:
        with pytest.raises(UnknownItem, match="none is no item"):
            host.subscribe("none")
        with pytest.raises(Refusal, match="the exchange is closed") as refusal:
            host.subscribe("closed")
        assert refusal.value.code == -7
        with pytest.raises(Exception, match="the line is dead"):
            host.subscribe("broken")
        host.unsubscribe("broken")  # as Halley may, and the adapter does not hear of it
        host.subscribe("IBM")


def test_a_late_update_is_dropped_and_a_new_life_begins() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        host.subscribe("IBM")
        old = adapter.items["IBM"]
        host.unsubscribe("IBM")
        host.subscribe("IBM")
        assert adapter.gone == ["IBM"]
        new = adapter.items["IBM"]
        adapter.say(lambda b: b.update(old, {"bid": "1"}))
        adapter.say(lambda b: b.update(new, {"bid": "2"}))
        host.wait_for(lambda: host.values("IBM").get("bid") == "2")
        assert len(host.events()) == 1


def test_published_items() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        assert adapter.ready.wait(10)
        feed = adapter.feed
        book = feed.publish("book", Mode.COMMAND, WITH_SNAPSHOT)
        assert feed.publish("book", Mode.COMMAND, WITH_SNAPSHOT) is book
        rows = [{"key": "1", "command": "ADD"}, {"key": "1", "command": "DELETE"}]
        for row in rows:
            adapter.say(lambda b, row=row: b.update(book, row))  # type: ignore[misc]
        adapter.say(lambda b: b.end_of_snapshot(book))
        host.wait_for(lambda: len(host.events("book")) == 3)
        assert host.published == ["book"]
        assert [e.values for e in host.events("book")] == [*rows, {}]


def test_up_and_down() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        assert adapter.ready.wait(10)
        adapter.feed.down(OSError("no route to XETR"))
        host.wait_for(lambda: host.down == "no route to XETR")
        adapter.feed.up()
        host.wait_for(lambda: host.down is None)


def test_numbers_are_in_order_when_threads_define_together() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        host.subscribe("IBM")
        ibm = adapter.items["IBM"]
        assert adapter.ready.wait(10)

        def feed(own: int) -> None:
            for n in range(100):
                with adapter.feed.batch() as b:
                    b.update(ibm, {f"common{n}": "1", f"own{own}.{n}": "2"})
                adapter.feed.publish(f"item{n % 50}", Mode.MERGE)

        threads = [threading.Thread(target=feed, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        host.wait_for(lambda: len(host.events("IBM")) == 400)
        assert len(host.values("IBM")) == 500
        assert len(host.published) == 50


def test_a_fast_feed_is_slowed_down_and_nothing_is_lost() -> None:
    total = 100_000
    adapter = Quotes()
    with Host(data=adapter) as host:
        host.subscribe("IBM")
        ibm = adapter.items["IBM"]
        assert adapter.ready.wait(10)
        fields = adapter.feed.fields("bid", "ask")
        b = adapter.feed.batch()
        for n in range(total):
            b.update_row(ibm, fields, (str(n), "1"))
        b.send()
        host.wait_for(lambda: len(host._events) == total, timeout=60)
        assert [e.values["bid"] for e in host.events()] == [str(n) for n in range(total)]
        assert host.frames < total / 100


def test_large_values() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        host.subscribe("IBM")
        ibm = adapter.items["IBM"]
        large = "x" * (3 << 20)
        for value in ("small", large, "small", large):
            adapter.say(lambda b, value=value: b.update(ibm, {"text": value}))  # type: ignore[misc]
        host.wait_for(lambda: len(host.events()) == 4)
        assert host.values("IBM") == {"text": large}
        with pytest.raises(ValueError, match="does not fit"):
            adapter.say(lambda b: b.update(ibm, {"text": large + large}))


def test_misuse_is_found_at_once() -> None:
    adapter, other = Quotes(), Quotes()
    with Host(data=adapter) as host, Host(data=other) as second:
        host.subscribe("IBM")
        second.subscribe("IBM")
        assert adapter.ready.wait(10)
        assert other.ready.wait(10)
        ibm = adapter.items["IBM"]
        b = adapter.feed.batch()
        with pytest.raises(ValueError, match="another feed"):
            b.update(other.items["IBM"], {"bid": "1"})
        with pytest.raises(ValueError, match="another feed"):
            b.update_row(ibm, other.feed.fields("bid"), ("1",))
        with pytest.raises(ValueError, match="another feed"):
            b.clear(other.items["IBM"])
        with pytest.raises(ValueError, match="twice"):
            adapter.feed.fields("bid", "bid")
        with pytest.raises(TypeError, match="float"):
            b.update(ibm, {"bid": 1.5})  # type: ignore[dict-item]
        b.update(ibm, {"bid": "1"})  # what was refused has left nothing behind
        b.send()
        host.wait_for(lambda: host.values("IBM") == {"bid": "1"})


def test_the_end_of_the_session_ends_the_adapter() -> None:
    adapter = Quotes()
    with Host(data=adapter) as host:
        host.subscribe("IBM")
        assert adapter.ready.wait(10)
    assert adapter.ended.wait(10)
    assert adapter.feed.closed
    with pytest.raises(FeedClosed):
        adapter.say(lambda b: b.update(adapter.items["IBM"], {"bid": "1"}))
    with pytest.raises(FeedClosed):
        adapter.feed.publish("new", Mode.MERGE)


class Failing(Quotes):
    def __init__(self, error: BaseException | None) -> None:
        super().__init__()
        self.error = error

    def run(self, feed: Feed) -> None:
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "text"),
    [(OSError("the line is dead"), "the line is dead"), (SystemExit(3), "SystemExit"), (None, "run ended by itself")],
)
def test_a_feed_that_cannot_go_on_ends_the_session(error: BaseException | None, text: str) -> None:
    with pytest.raises(AssertionError, match=text), Host(data=Failing(error)) as host:
        host.wait_for(lambda: False)


class Known(Quotes):
    def describe(self, name: str) -> Collection[Mode]:
        if name != "IBM":
            raise UnknownItem(name)
        return [Mode.MERGE]


def describe(host: Host, name: str) -> data_pb2.DescribeReply:
    call = host.channel.unary_unary(
        "/halley.adapter.v1.DataAdapter/Describe",
        request_serializer=data_pb2.DescribeRequest.SerializeToString,
        response_deserializer=data_pb2.DescribeReply.FromString,
    )
    reply: data_pb2.DescribeReply = call(data_pb2.DescribeRequest(item=name), timeout=10)
    return reply


def test_a_catalog() -> None:
    with Host(data=Known()) as host:
        assert host.abilities.catalog
        assert list(describe(host, "IBM").modes) == [plugin_pb2.MODE_MERGE]
        assert describe(host, "IBX").refusal.reason == plugin_pb2.REASON_UNKNOWN_ITEM
    with Host(data=Quotes()) as host:
        assert not host.abilities.catalog


class Configured(Quotes):
    parameters: Mapping[str, str] = {}

    def configure(self, parameters: Mapping[str, str]) -> None:
        if "venue" not in parameters:
            raise ValueError("parameters: venue is missing")
        self.parameters = parameters


def test_parameters() -> None:
    adapter = Configured()
    with Host(data=adapter, parameters={"venue": "XETR"}) as host:
        assert adapter.parameters == {"venue": "XETR"}
        assert host.abilities.data
        assert not host.abilities.metadata
    with pytest.raises(ValueError, match="venue is missing"), Host(data=Configured()):
        pass
    with pytest.raises(ValueError, match="takes no parameters"), Host(data=Quotes(), parameters={"venue": "XETR"}):
        pass


def raw(host: Host, method: str) -> Any:
    """Return a method whose messages are bytes."""
    return host.channel.unary_unary(method)


def test_health_and_shutdown() -> None:
    with Host(data=Quotes()) as host:
        check = raw(host, "/grpc.health.v1.Health/Check")
        assert check(b"\x0a\x06plugin", timeout=10) == b"\x08\x01"
        with pytest.raises(grpc.RpcError, match="no such service"):
            check(b"\x0a\x05other", timeout=10)
        assert raw(host, "/plugin.GRPCController/Shutdown")(b"", timeout=10) == b""
        assert host._server.stopped.is_set()
