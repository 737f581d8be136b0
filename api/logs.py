"""Logs: text for a terminal, or one JSON object a line (QIBAN_LOG=json); nothing in them is of a person.

An error is told by its kind and the lines of code it passed, never by its message: that quotes values. Of what
other libraries say only the first line of the pattern is kept, without what they would fill in.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

OURS = ("qiban", "uvicorn.error")


def as_json() -> bool:
    return os.environ.get("QIBAN_LOG", "text") == "json"


def configure(*, requests: bool = True) -> None:
    """For a process that serves or works; with `requests` each of them is logged where the log is JSON."""
    if not as_json():
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log the addresses of webhooks
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("qiban.access").setLevel(logging.INFO if requests else logging.WARNING)


class Lines(logging.Formatter):
    """at, level, logger, message, process, and the number of the request where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        from api.asked import asked

        ours = record.name.startswith(OURS)
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC), "level": record.levelname.lower(),
            "logger": record.name, "process": record.process,
            "message": record.getMessage() if ours else str(record.msg).partition("\n")[0],
        }
        if this := asked.get():
            line["request"] = this.number
        if record.exc_info and record.exc_info[1]:
            line["error"] = story(record.exc_info[1])
        return orjson.dumps({**line, **getattr(record, "told", {})}).decode()


def story(error: BaseException | None) -> list[str]:
    """The error and what caused it, the first cause first."""
    if error is None:
        return []
    before = story(error.__cause__ or error.__context__)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return [*before, kind, *(line.rstrip() for line in frames)]
