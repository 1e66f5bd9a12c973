"""The log: lines of JSON on standard error, which Halley takes into its own."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone

_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug"))

# What every record has; anything else was given as extra, and is a field.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class HclogFormatter(logging.Formatter):
    """Writes a record in the form of hclog: its level, its text, and what was given
    as ``extra`` as fields.

    ``logging.warning("feed lost", extra={"venue": "XETR"})`` becomes
    ``{"@level": "warn", "@message": "feed lost", ..., "venue": "XETR"}``.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "@level": next((name for level, name in _LEVELS if record.levelno >= level), "trace"),
            "@message": record.getMessage(),
            "@module": record.name,
            "@timestamp": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="microseconds"),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            # The end of it says what went wrong, and Halley takes lines of 8 KiB.
            line["exception"] = self.formatException(record.exc_info)[-4000:]
        return json.dumps(line, default=str)


def install() -> None:
    """Send the log of the whole program to Halley, from INFO on, unless the author
    has set it up otherwise."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(HclogFormatter())
    root = logging.getLogger()
    level = root.level if root.level != logging.WARNING else logging.INFO  # WARNING is what Python begins with
    logging.basicConfig(handlers=[handler], level=level)
