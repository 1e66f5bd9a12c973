"""Adapters for Halley, a streaming server for market data, in Python.

An adapter is a class with a few methods; ``serve`` makes a program of it that Halley
starts and watches over::

    import halley_adapter
    from halley_adapter import NO_SNAPSHOT

    class Ticker:
        def __init__(self):
            self.items = {}

        def subscribe(self, item):
            self.items[item.name] = item
            return NO_SNAPSHOT

        def unsubscribe(self, item):
            del self.items[item.name]

        def run(self, feed):
            while not feed.wait(seconds=1):
                with feed.batch() as b:
                    for item in list(self.items.values()):
                        b.update(item, {"last": "180.36"})

    if __name__ == "__main__":
        halley_adapter.serve(data=Ticker())

Everything here works with threads. The libraries of feeds block or call back from
threads of their own, and a feed that is too fast has to wait, which a call does by not
returning.
"""

from .adapter import (
    NO_SNAPSHOT,
    WITH_SNAPSHOT,
    Catalog,
    Configurable,
    DataAdapter,
    Mode,
    SnapshotKind,
)
from .batch import Batch
from .errors import (
    AdapterError,
    BadCredentials,
    BadGroup,
    BadSchema,
    BadSelector,
    FeedClosed,
    LimitReached,
    ModeNotAllowed,
    Refusal,
    Unavailable,
    UnknownItem,
)
from .feed import Feed, Fields, Item
from .frame import Value
from .log import HclogFormatter
from .metadata import (
    Interest,
    Login,
    Message,
    MessageHandler,
    MetadataAdapter,
    Notice,
    NoticeKind,
    Permit,
    Resolution,
    Witness,
)
from .plugin import serve

__all__ = [
    "NO_SNAPSHOT",
    "WITH_SNAPSHOT",
    "AdapterError",
    "BadCredentials",
    "BadGroup",
    "BadSchema",
    "BadSelector",
    "Batch",
    "Catalog",
    "Configurable",
    "DataAdapter",
    "Feed",
    "FeedClosed",
    "Fields",
    "HclogFormatter",
    "Interest",
    "Item",
    "LimitReached",
    "Login",
    "Message",
    "MessageHandler",
    "MetadataAdapter",
    "Mode",
    "ModeNotAllowed",
    "Notice",
    "NoticeKind",
    "Permit",
    "Refusal",
    "Resolution",
    "SnapshotKind",
    "Unavailable",
    "UnknownItem",
    "Value",
    "Witness",
    "serve",
]
