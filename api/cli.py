"""The command line, for whoever runs the installation. What each capability adds to it stands in api/commands."""

from __future__ import annotations

import sys

from api import terminal
from api.commands import (  # noqa: F401 (each adds its commands, in this order)
    app,
    audit,
    backups,
    calendar,
    documents,
    keys,
    lists,
    printing,
    replay,
    serving,
    surveys,
    webhooks,
    worker,
    zones,
)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        app()
    except Exception as error:
        refused = terminal.foreseen(error)
        if refused is None:
            raise
        terminal.refuse(refused)


if __name__ == "__main__":
    main()
