"""Takes frames of updates apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .. import frame


@dataclass(frozen=True)
class Operation:
    """One operation of a frame."""

    code: int
    """One of frame's, without DEFINED."""
    number: int
    """That of the item, or of what is defined."""
    defined: bool = False
    """Whether the item is one that the plugin defined."""
    values: dict[int, str | None] | None = None
    """Of updates and snapshots: values by number of the field."""
    text: str = ""
    """Of a failure the reason, of a definition the name."""
    mode: int = 0
    snapshot: int = 0


class Malformed(Exception):
    """A frame breaks the rules."""


def operations(data: bytes) -> Iterator[Operation]:
    """Yield the operations of a frame."""
    reader = _Reader(data)
    while reader.at < len(data):
        yield reader.operation()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def operation(self) -> Operation:
        begin = self.at
        byte = self.byte()
        code, defined = byte & ~frame.DEFINED, bool(byte & frame.DEFINED)
        if not frame.UPDATE <= code <= frame.DEFINE_ITEM or (defined and code > frame.FAIL):
            raise Malformed(f"the byte {byte} at {begin} is no operation")
        number = self.number()
        if code in (frame.UPDATE, frame.SNAPSHOT):
            return Operation(code, number, defined, values=self.values())
        if code == frame.DEFINE_ITEM:
            return Operation(code, number, mode=self.byte(), snapshot=self.byte(), text=self.text())
        if code in (frame.FAIL, frame.DEFINE_FIELD):
            return Operation(code, number, defined, text=self.text())
        return Operation(code, number, defined)

    def values(self) -> dict[int, str | None]:
        count = self.number()
        if count > frame.FIELDS_MAX:
            raise Malformed(f"an update of {count} fields at {self.at}")
        values: dict[int, str | None] = {}
        for _ in range(count):
            field, size = self.number(), self.number()
            values[field] = None if size == 0 else self.take(size - 1).decode()
        return values

    def text(self) -> str:
        return self.take(self.number()).decode()

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        n = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            n |= (byte & 0x7F) << shift
            if byte < 0x80:
                return n
        raise Malformed(f"a number of more than ten bytes before {self.at}")

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise Malformed(f"{size} bytes at {self.at} go past the end of a frame of {len(self.data)}")
        taken, self.at = self.data[self.at : end], end
        return taken
