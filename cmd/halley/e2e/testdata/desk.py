"""A feed and who may see it, in one process, whose first life is short."""

import logging
from pathlib import Path

import halley_adapter
from halley_adapter import WITH_SNAPSHOT, BadCredentials, BadGroup, Mode, Permit, Resolution, UnknownItem

ITEMS = {"EURUSD", "USDJPY", "BOOK"}


class Desk:
    def configure(self, parameters):
        self.marker = Path(parameters["marker"])

    def run(self, feed):
        if not self.marker.exists():
            self.marker.touch()
            raise OSError("the line is dead")
        logging.warning("feed is slow", extra={"venue": "XETR", "seconds": 1.5})
        print("said on standard output")
        book = feed.publish("BOOK", Mode.COMMAND, WITH_SNAPSHOT)
        with feed.batch() as b:
            for level in ("1", "2"):
                b.snapshot(book, {"key": level, "command": "ADD", "bid": f"1.0{level}", "ask": None})
            b.end_of_snapshot(book)
        majors = [feed.publish(name, Mode.MERGE) for name in ("EURUSD", "USDJPY")]
        n = 0
        while not feed.wait(seconds=0.05):
            n += 1
            with feed.batch() as b:
                for item in majors:
                    b.update(item, {"bid": str(n), "ask": str(n + 1)})

    def subscribe(self, item):
        if item.name not in ITEMS:
            raise UnknownItem(item.name)
        return halley_adapter.NO_SNAPSHOT  # what is published has all that there is

    def unsubscribe(self, item):
        pass

    def authenticate(self, login):
        if login.password != "secret":
            raise BadCredentials("the password is another")
        return Permit(user=login.user)

    def resolve(self, interest):
        items = interest.group.split()
        if not ITEMS.issuperset(items):
            raise BadGroup(f"{interest.group} is not for {interest.user}")
        return Resolution(items=items, fields=interest.schema.split())


if __name__ == "__main__":
    desk = Desk()
    halley_adapter.serve(data=desk, metadata=desk)
