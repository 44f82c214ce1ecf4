"""Logging: one line an event on a terminal, JSON lines where a collector reads them.

No people, no secrets: every message and every value passes `redact`, and of an error only `describe` is written, with
the places in our code it came through. Whatever a stranger sends stays on its own line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from liquor_app.core.config import get_settings
from liquor_app.core.security.redact import describe, redact

MESSAGE_CHARS = 2000
FRAMES = 25
"""Places shown of a traceback, the innermost ones."""
CHAIN = 5
OURS = ("liquor_app", "worker")
NOISY = ("alembic", "httpx", "httpx2", "httpcore", "httpcore2", "arq.worker")
"""Libraries that tell each step, addresses included; only their warnings are heard."""
_QUOTED = re.compile(r"""(?<!\w)(?:"[^"]*"|'[^']*')""")


def _value(given: Any) -> Any:
    """Tell what may be said of one argument; numbers stay numbers, for `%d`."""
    if given is None or isinstance(given, bool | int | float):
        return given
    return describe(given) if isinstance(given, BaseException) else redact(str(given))


def message_of(record: logging.LogRecord) -> str:
    """Return the message with its arguments, each cut and cleaned before it is put in."""
    args = record.args
    if isinstance(args, Mapping):
        cleaned: Any = {key: _value(value) for key, value in args.items()}
    else:
        cleaned = tuple(_value(value) for value in args or ())
    try:
        said = str(record.msg) % cleaned if cleaned else str(record.msg)
    except (TypeError, ValueError):
        said = str(record.msg)
    if isinstance(record.msg, BaseException):
        said = describe(record.msg)
    if not record.name.startswith(OURS):
        # libraries write the text of errors, and whole tracebacks, below the first line of a message, and quote
        # whatever they could not read
        said = _QUOTED.sub("…", said.partition("\n")[0])
    return redact(said, MESSAGE_CHARS)


def trace_of(error: BaseException) -> list[str]:
    """Return a traceback without the texts of foreign errors: where it went, and what it was."""
    lines: list[str] = []
    link: BaseException | None = error
    for _ in range(CHAIN):
        if link is None:
            break
        for frame in traceback.extract_tb(link.__traceback__)[-FRAMES:]:
            lines.append(f"  {frame.filename}:{frame.lineno} {frame.name}: {(frame.line or '').strip()[:120]}")
        lines.append(describe(link))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        if link is not None:
            lines.append("  caused by, or while handling:")
    return lines


class LineFormatter(logging.Formatter):
    """`12:00:00 INFO    name: message`; what belongs to it is indented below."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {record.name}: {message_of(record)}"
        error = record.exc_info[1] if record.exc_info else None
        return head if error is None else "\n    ".join([head, *trace_of(error)])


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            entry["exception"] = trace_of(record.exc_info[1])
        return json.dumps(entry)


def configure(level: int = logging.INFO) -> None:
    """Set logging up once per process: everybody's, libraries' own handlers and uncaught errors included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if get_settings().log_json else LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        for own in list(logger.handlers):
            own.setFormatter(handler.formatter)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("liquor_app").critical("ended by an error", exc_info=(kind, error, trace))


def _uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        _uncaught(given.exc_type, given.exc_value, given.exc_traceback)
