"""The files an administrator copies: they can be read, and every command, option and variable in them is there."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]

import api.cli  # noqa: F401 (it brings the commands together)
from api.commands import app

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "deployment"
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "docs" / "deployment.md", *FOLDER.iterdir()]
QIBAN: Any = typer.main.get_command(app)
ONLY_FOR_TESTS = re.compile("QIBAN_(TEST|SOAK)_")


def understood(command: list[str]) -> bool:
    """Whether `qiban` takes the words of a command. Raises `UsageError` for an option it does not have."""
    name, *arguments = command
    QIBAN.commands[name].make_context(name, arguments)
    return True


@pytest.mark.parametrize("unit", sorted(FOLDER.glob("*.service")), ids=lambda path: path.name)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    read = ConfigParser(interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(unit.read_text())

    program, *command = shlex.split(read["Service"]["ExecStart"])

    assert program.endswith("/.venv/bin/qiban") and understood(command)
    assert int(read["Service"]["TimeoutStopSec"]) > 30
    assert read["Install"]["WantedBy"] == "multi-user.target"


def test_the_compose_file_starts_what_there_is() -> None:
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    ours = {name: each for name, each in services.items() if "build" in each}

    assert ours.keys() == {"migrate", "serve", "worker"}
    assert all(understood(each["command"]) for each in ours.values())
    assert all(services.keys() >= each.get("depends_on", {}).keys() for each in services.values())
    built = {(FOLDER / each["build"]["context"] / each["build"]["dockerfile"]).resolve() for each in ours.values()}
    assert built == {FOLDER / "Dockerfile"}


def test_the_image_starts_what_there_is() -> None:
    [command] = re.findall("^CMD (.*)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)

    assert understood(yaml.safe_load(command))


def test_the_pooler_is_in_transaction_mode() -> None:
    read = ConfigParser(inline_comment_prefixes=(";",))
    read.read_string((FOLDER / "pgbouncer.ini").read_text())

    assert read["pgbouncer"]["pool_mode"] == "transaction"


def test_every_setting_that_is_told_is_read_and_the_other_way_round() -> None:
    files = [file for folder in ("api", "domain", "workflows") for file in (ROOT / folder).rglob("*.py")]
    code = "".join(file.read_text() for file in files)
    read = set(re.findall(r'"(QIBAN_[A-Z_]+)"', code))
    told = {name for page in PAGES for name in re.findall("QIBAN_[A-Z_]+", page.read_text())}
    settings = set(re.findall(r"^\| `(QIBAN_[A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))

    assert {name for name in told if not ONLY_FOR_TESTS.match(name)} <= read
    assert read - settings <= {"QIBAN_LOG_ORIGIN"}
    assert settings == set(re.findall(r"^\| `(QIBAN_[A-Z_]+)`", (ROOT / "README.zh-CN.md").read_text(), re.MULTILINE))
