"""When frames go out, and when feeds wait."""

import threading
import time

import pytest

from halley_adapter.errors import FeedClosed
from halley_adapter.frame import number
from halley_adapter.outbox import BYTES_MAX, UPDATES_MAX, Outbox

LONG = 60.0
"""A hold that no test waits for: what comes at once does not come by the clock."""


def in_thread(what: threading.Thread) -> threading.Thread:
    what.daemon = True
    what.start()
    return what


def test_what_is_said_before_the_first_message_goes_together() -> None:
    outbox = Outbox(LONG)
    outbox.put(b"ab", 1)
    outbox.put(b"cd", 1)
    assert next(outbox.messages()) == b"\x0a\x04abcd"


def test_control_keeps_its_place_between_updates() -> None:
    outbox = Outbox(LONG)
    outbox.put(b"a", 1)
    outbox.tell(b"control")
    outbox.put(b"b", 1)
    messages = outbox.messages()
    assert [next(messages) for _ in range(3)] == [b"\x0a\x01a", b"control", b"\x0a\x01b"]


def test_an_idle_stream_sends_at_once() -> None:
    outbox = Outbox()
    messages = outbox.messages()
    outbox.put(b"a", 1)
    assert next(messages) == b"\x0a\x01a"
    got: list[bytes] = []
    receiver = in_thread(threading.Thread(target=lambda: got.append(next(messages))))
    outbox.put(b"b", 1)
    receiver.join(10)
    assert got == [b"\x0a\x01b"]


def test_a_busy_stream_holds_a_frame_back_for_its_time() -> None:
    outbox = Outbox(hold=0.05)
    messages = outbox.messages()
    outbox.put(b"a", 1)
    next(messages)
    outbox.put(b"b", 1)
    began = time.monotonic()
    assert next(messages) == b"\x0a\x01b"
    assert time.monotonic() - began >= 0.049


@pytest.mark.parametrize(("size", "count"), [(1, UPDATES_MAX), (BYTES_MAX, 1)], ids=["updates", "bytes"])
def test_a_full_frame_does_not_wait(size: int, count: int) -> None:
    outbox = Outbox(LONG)
    messages = outbox.messages()
    outbox.put(b"a", 1)
    next(messages)
    got: list[bytes] = []
    receiver = in_thread(threading.Thread(target=lambda: got.append(next(messages))))
    for _ in range(count):
        outbox.put(b"x" * size, 1)
    receiver.join(10)
    assert [m[-size * count :] for m in got] == [b"x" * size * count]


def test_control_does_not_wait_behind_a_frame_held_back() -> None:
    outbox = Outbox(LONG)
    messages = outbox.messages()
    outbox.put(b"a", 1)
    next(messages)
    outbox.put(b"b", 1)
    outbox.tell(b"control")
    assert [next(messages), next(messages)] == [b"\x0a\x01b", b"control"]


def test_a_feed_waits_for_room_and_loses_nothing() -> None:
    outbox = Outbox(LONG)
    outbox.put(b"x" * BYTES_MAX, 1)

    def feed() -> None:
        for _ in range(3):
            outbox.put(b"y" * BYTES_MAX, 1)

    feeder = in_thread(threading.Thread(target=feed))
    messages = outbox.messages()
    full = b"\x0a" + number(BYTES_MAX)
    assert [next(messages) for _ in range(4)] == [full + b"x" * BYTES_MAX, *[full + b"y" * BYTES_MAX] * 3]
    feeder.join(10)
    assert not feeder.is_alive()


def test_a_frame_never_grows_over_its_limit() -> None:
    outbox = Outbox(LONG)
    large = 3 << 20
    outbox.put(b"a", 1)

    def feed() -> None:
        outbox.put(b"b" * large, 1)
        outbox.put(b"c" * large, 1)

    feeder = in_thread(threading.Thread(target=feed))
    messages = outbox.messages()
    sizes: list[int] = []
    while sum(sizes) < 2 * large:
        sizes.append(len(next(messages)))
    feeder.join(10)
    assert max(sizes) < 4 << 20


def test_who_waits_learns_of_the_end() -> None:
    outbox = Outbox(LONG)
    outbox.put(b"x" * BYTES_MAX, 1)
    ended = threading.Event()

    def feed() -> None:
        with pytest.raises(FeedClosed):
            outbox.put(b"y", 1)
        ended.set()

    feeder = in_thread(threading.Thread(target=feed))
    outbox.close()
    feeder.join(10)
    assert ended.is_set()
    assert list(outbox.messages()) == []
    outbox.tell(b"nobody listens")  # which is no fault
