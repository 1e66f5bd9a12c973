"""What a session has to send: frames of updates, and control between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from . import frame
from .errors import FeedClosed

UPDATES_MAX = 512
BYTES_MAX = 64 << 10
HOLD = 0.001
"""Seconds. These three say when a frame goes out: at once while the stream has been
idle for HOLD, else when there are UPDATES_MAX updates or BYTES_MAX bytes, or HOLD is
over. A message costs the same whatever its size."""

_UPDATES_TAG = b"\x0a"  # PluginFrame.updates: field 1, with a length


class Outbox:
    """Joins what feeds say into frames, in order, and makes them wait while too much
    is waiting.

    All methods may be called from any thread, but messages only from one: the thread
    that sends, which is slowed down by the stream itself.
    """

    def __init__(self, hold: float = HOLD) -> None:
        self._hold = hold
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)  # the sender waits for it
        self._room = threading.Condition(self._lock)  # feeds wait for it
        # All of these are guarded by the lock.
        self._ready: list[bytes] = []  # whole messages, before the frame
        self._frame = bytearray()  # being filled
        self._updates = 0  # operations in it
        self._sender: str | None = None  # "idle" or "holding" when the sender waits
        self._closed = False

    def put(self, operations: bytes | bytearray, count: int) -> None:
        """Send operations, in one frame. Waits while there is no room."""
        with self._lock:
            self._wait_for_room(len(operations))
            self._append(operations, count)

    def define(self, definition: Callable[[], bytes | None]) -> None:
        """Send what definition returns, if anything. As it is called under the lock,
        numbers that it gives out are in the order in which they are sent."""
        with self._lock:
            self._wait_for_room(0)
            operation = definition()
            if operation is not None:
                self._append(operation, 1)

    def tell(self, message: bytes) -> None:
        """Send a message of another kind, after the operations before it. It never
        waits: of those, there are as many as Halley has asked for."""
        with self._lock:
            if self._closed:
                return
            self._seal()
            self._ready.append(message)
            self._filled.notify()

    def close(self) -> None:
        """End: nothing more is sent, and who waits is told."""
        with self._lock:
            self._closed = True
            self._filled.notify_all()
            self._room.notify_all()

    def messages(self) -> Iterator[bytes]:
        """Yield the messages as they are to be sent, until the end."""
        idle_since = 0.0
        while True:
            with self._lock:
                self._wait_for_something(idle_since + self._hold)
                if self._closed:
                    return
                self._seal()
                ready, self._ready = self._ready, []
                self._room.notify_all()
            yield from ready
            idle_since = time.monotonic()

    def _wait_for_something(self, due: float) -> None:
        self._sender = "idle"
        while not (self._closed or self._frame or self._ready):
            self._filled.wait()
        self._sender = "holding"
        while not (self._closed or self._ready or self._full()):
            left = due - time.monotonic()
            if left <= 0:
                break
            self._filled.wait(left)
        self._sender = None

    def _wait_for_room(self, size: int) -> None:
        while not self._closed and (self._full() or len(self._frame) + size > frame.FRAME_MAX - 16):
            self._room.wait()
        if self._closed:
            raise FeedClosed("the feed has ended")

    def _full(self) -> bool:
        return self._updates >= UPDATES_MAX or len(self._frame) >= BYTES_MAX

    def _append(self, operations: bytes | bytearray, count: int) -> None:
        self._frame += operations
        self._updates += count
        # A sender that holds a frame back is woken by its clock, unless it is full.
        if self._sender == "idle" or (self._sender == "holding" and self._full()):
            self._filled.notify()

    def _seal(self) -> None:
        if self._frame:
            self._ready.append(b"".join((_UPDATES_TAG, frame.number(len(self._frame)), self._frame)))
            self._frame = bytearray()
            self._updates = 0
