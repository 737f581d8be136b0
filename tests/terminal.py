"""The command line as whoever runs the installation meets it: a process of its own, an exit code, a sentence.

The process is forked from one that has imported the house already, since that takes longer than most commands; what
starting from nothing is like is for tests that start a process themselves, by `started`.
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
SECONDS = 180
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.terminal", "api.cli", "api.app"])


@dataclass
class Ended:
    code: int
    out: str
    err: str


async def qiban(*arguments: str | Path, url: str = "sqlite://unused", **environment: str) -> Ended:
    """Run a command to its end, with nobody at the keyboard."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = FORKED.Process(
            target=_run, args=(list(map(str, arguments)), surroundings(url, environment), out, err)
        )
        await asyncio.to_thread(process.start)
        await asyncio.to_thread(process.join, SECONDS)
        said = [await asyncio.to_thread(each.read_text) for each in (out, err)]
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{arguments} took longer than {SECONDS} s: {said}")
        ended = Ended(process.exitcode, *said)
    assert "Traceback" not in ended.err, ended.err
    return ended


async def started(*arguments: str | Path, url: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", *arguments, cwd=ROOT, env=surroundings(url, environment),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )


def surroundings(url: str, given: Mapping[str, str]) -> dict[str, str]:
    """The variables a command finds: of this machine's own none that it looks at."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "QIBAN"))}
    return {**kept, "QIBAN_DATABASE_URL": url, **given}


def _run(arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    from api.cli import main

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, path in enumerate((Path(os.devnull), out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w"), write_through=True) for number in (1, 2))
    sys.argv = ["qiban", *arguments]
    main()
