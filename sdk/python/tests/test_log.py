"""The form of the log."""

import json
import logging
import sys

import pytest

from halley_adapter import HclogFormatter


def line(**record: object) -> dict[str, object]:
    made = logging.makeLogRecord({"msg": "feed %s", "args": ("lost",), "levelno": logging.INFO, **record})
    parsed: dict[str, object] = json.loads(HclogFormatter().format(made))
    return parsed


@pytest.mark.parametrize(
    ("level", "name"),
    [(5, "trace"), (10, "debug"), (20, "info"), (25, "info"), (30, "warn"), (40, "error"), (50, "error")],
)
def test_levels(level: int, name: str) -> None:
    assert line(levelno=level)["@level"] == name


def test_fields_are_kept_whatever_they_are() -> None:
    got = line(venue="XETR", delay=1.5, source=object)
    assert got["@message"] == "feed lost"
    assert (got["venue"], got["delay"], got["source"]) == ("XETR", 1.5, "<class 'object'>")


def test_exceptions_are_one_line_and_not_too_long() -> None:
    try:
        raise OSError("x" * 100_000)
    except OSError:
        got = line(exc_info=sys.exc_info())
    text = got["exception"]
    assert isinstance(text, str)
    assert len(text) <= 4000
    assert text.endswith("xxx")
