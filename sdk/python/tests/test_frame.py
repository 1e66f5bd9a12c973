"""The bytes, against the examples and limits of frames.md."""

import random

import pytest

from halley_adapter import frame
from halley_adapter.testing.operations import Malformed, Operation, operations


def row(operation: int, item: int, values: dict[int, frame.Value]) -> bytes:
    head = bytes((operation,)) + frame.number(item)
    return frame.row_writer(list(values))(head, values.values())


def test_the_example_of_the_contract() -> None:
    data = b"".join(
        (
            frame.define_field(0, "bid"),
            frame.define_field(1, "ask"),
            row(frame.SNAPSHOT, 7, {0: "180.36", 1: None}),
            b"\x03\x07",
            row(frame.UPDATE, 7, {1: "180.40"}),
        )
    )
    assert data == (
        b"\x06\x00\x03bid\x06\x01\x03ask\x02\x07\x02\x00\x07180.36\x01\x00\x03\x07\x01\x07\x01\x01\x07180.40"
    )


def test_the_example_of_an_item_that_is_fed_unasked() -> None:
    data = frame.define_item(0, 1, 1, "IBM") + row(frame.SNAPSHOT | frame.DEFINED, 0, {0: "180.36", 1: None})
    assert data == b"\x07\x00\x01\x01\x03IBM\x82\x00\x02\x00\x07180.36\x01\x00"


@pytest.mark.parametrize(
    ("n", "data"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (2**64 - 1, b"\xff" * 9 + b"\x01"),
    ],
)
def test_numbers(n: int, data: bytes) -> None:
    assert frame.number(n) == data


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, b"\x00"),
        ("", b"\x01"),
        ("1.10", b"\x051.10"),
        (b"1.10", b"\x051.10"),
        ("€", b"\x04\xe2\x82\xac"),
        ("x" * 127, b"\x80\x01" + b"x" * 127),
    ],
)
def test_values(value: frame.Value, data: bytes) -> None:
    assert row(frame.UPDATE, 0, {0: value}) == b"\x01\x00\x01\x00" + data


def test_a_row_without_fields() -> None:
    assert row(frame.UPDATE, 5, {}) == b"\x01\x05\x00"


@pytest.mark.parametrize("field", [0, 128])
@pytest.mark.parametrize("value", [1, 1.5, True, [], ["1"], object()])
def test_values_that_are_no_text(field: int, value: frame.Value) -> None:
    with pytest.raises(TypeError, match="a value is str, bytes or None"):
        row(frame.UPDATE, 0, {field: value})


@pytest.mark.parametrize("field", [1, 128])
@pytest.mark.parametrize("values", [("1",), ("1", "2", "3")])
def test_values_that_do_not_fit_the_fields(field: int, values: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"values|shorter|longer"):
        frame.row_writer((0, field))(b"\x01\x00", values)


def test_values_may_come_from_anywhere() -> None:
    for text in ("1", "€", "x" * 200):
        assert frame.row_writer((0, 1))(b"\x01\x00", (v for v in (text, None))) == row(
            frame.UPDATE, 0, {0: text, 1: None}
        )


def test_limits() -> None:
    frame.row_writer(range(frame.FIELDS_MAX))
    with pytest.raises(ValueError, match="4096 fields"):
        frame.row_writer(range(frame.FIELDS_MAX + 1))
    frame.define_field(0, "x" * frame.NAME_MAX)
    for name in ("", "x" * (frame.NAME_MAX + 1), "€" * 1366):
        with pytest.raises(ValueError, match="1 to 4096 bytes"):
            frame.define_field(0, name)
        with pytest.raises(ValueError, match="1 to 4096 bytes"):
            frame.define_item(0, 1, 0, name)


def test_a_long_reason_is_cut_off_between_characters() -> None:
    (failure,) = operations(frame.fail(b"\x05\x00", "€" * 30000))
    assert failure.text == "€" * (frame.REASON_MAX // 3)


def test_what_is_written_can_be_read() -> None:
    random.seed(1)
    texts = [None, "", "a", "Ω", "180.36", "x" * 126, "y" * 127, "z" * 20000]
    data, want = [], []
    for _ in range(50):
        fields = random.sample(range(random.choice((100, frame.FIELD_NAMES_MAX))), random.choice((0, 1, 5, 70)))
        values = {n: random.choice(texts) for n in fields}
        item, defined = random.choice((0, 127, 128, 2**40)), random.random() < 0.5
        code = random.choice((frame.UPDATE, frame.SNAPSHOT))
        data.append(row(code | (frame.DEFINED if defined else 0), item, dict(values)))
        want.append(Operation(code, item, defined, values=values))
    assert list(operations(b"".join(data))) == want


@pytest.mark.parametrize(
    "data", [b"\x00\x00", b"\x08\x00", b"\x86\x00\x01a", b"\x01", b"\x03\x80", b"\x05\x00\x09a", b"\x03" + b"\xff" * 11]
)
def test_what_breaks_the_rules_is_found(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(operations(data))
