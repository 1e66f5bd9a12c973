"""A session: one feed, from Halley's call to its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator

from .adapter import DataAdapter
from .errors import AdapterError, FeedClosed, to_wire
from .feed import Feed, Item
from .outbox import Outbox
from .v1 import data_pb2

log = logging.getLogger("halley_adapter")

PATIENCE = 1.0
"""Seconds that an adapter's run may take to end, once its feed is closed."""


class Session:
    """Runs a Data Adapter for one call of Session.

    It has two threads beside the one that sends: ``run`` of the adapter, and one that
    reads what Halley wants. Any of them ends all: that is what closing the feed does.
    """

    def __init__(self, adapter: DataAdapter) -> None:
        self._adapter = adapter
        self._outbox = Outbox()
        self._feed = Feed(self._outbox)
        self._items: dict[int, Item] = {}  # subscribed; only the reading thread
        self.error: Exception | None = None
        """Why the feed cannot go on, after its end."""

    def serve(self, wishes: Iterable[data_pb2.HostFrame]) -> Iterator[bytes]:
        """Yield what is to be sent, until the feed has ended."""
        running = threading.Thread(target=self._run, name="run", daemon=True)
        reading = threading.Thread(target=self._read, args=(wishes,), name="subscribe", daemon=True)
        running.start()
        reading.start()
        try:
            yield from self._outbox.messages()
        finally:
            self.close()
            running.join(PATIENCE)
            if running.is_alive():
                log.warning("the adapter's run does not end: it has to look at feed.closed, or to use feed.wait")

    def close(self) -> None:
        """End the session. Any thread."""
        self._feed._close()

    def _run(self) -> None:
        try:
            self._adapter.run(self._feed)
            if not self._feed.closed:
                self.error = RuntimeError("run ended by itself")
        except FeedClosed:
            pass
        except BaseException as error:  # of SystemExit, nobody else would learn
            # What went wrong after the end, because of it, is nobody's concern.
            if not self._feed.closed:
                log.exception("the adapter's run has failed")
                self.error = error if isinstance(error, Exception) else RuntimeError(repr(error))
        finally:
            self.close()

    def _read(self, wishes: Iterable[data_pb2.HostFrame]) -> None:
        try:
            for wish in wishes:
                if wish.HasField("subscribe"):
                    self._subscribe(wish.subscribe.item, wish.subscribe.name)
                elif wish.HasField("unsubscribe"):
                    self._unsubscribe(wish.unsubscribe.item)
                else:
                    self.error = RuntimeError("Halley asks for what this package does not know; it needs a newer one")
                    return
        except Exception:
            # The stream was cut off, which is one of the ways in which it ends.
            log.debug("the session's stream has ended", exc_info=True)
        finally:
            self.close()

    def _subscribe(self, number: int, name: str) -> None:
        item = Item(self._feed, name, number)
        try:
            kind = self._adapter.subscribe(item)
        except Exception as error:
            if not isinstance(error, AdapterError):
                log.exception("subscribe has failed", extra={"item": name})
            refused = data_pb2.Refused(item=number, refusal=to_wire(error))
            self._outbox.tell(data_pb2.PluginFrame(refused=refused).SerializeToString())
            return
        self._items[number] = item
        subscribed = data_pb2.Subscribed(item=number, snapshot=bool(kind))
        self._outbox.tell(data_pb2.PluginFrame(subscribed=subscribed).SerializeToString())

    def _unsubscribe(self, number: int) -> None:
        item = self._items.pop(number, None)
        if item is None:  # it was refused
            return
        try:
            self._adapter.unsubscribe(item)
        except Exception:
            log.exception("unsubscribe has failed", extra={"item": item.name})
