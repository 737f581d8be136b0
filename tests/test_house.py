"""The house keeps its own rules: who may import whom, what goes by which name, what is printed and what is kept out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path
from string import Formatter

import pytest
from graphql import FieldNode, LoneAnonymousOperationRule, OperationDefinitionNode, parse, specified_rules, validate

from api.schema import schema
from domain.refusals import Refusal
from workflows.diagrams import flows_page
from workflows.timetable import FLOWS

ROOT = Path(__file__).parent.parent
# From the outside in: each may import itself and those after it.
FOLDERS = ("api", "workflows", "domain")
LONGEST = 300
ONE_FILE = ("workflows/exports/verify.py",)  # goes out alone, to be read and run by whoever trusts nobody
UNTRACKED = {".git", ".venv", "node_modules", "dist", "var", "__pycache__"}
UNTRACKED |= {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
NOT_HERE = {"colorama"}  # on Windows only
REGISTRIES = (r"pypi\.org", r"pythonhosted\.org", r"npmjs\.(?:org|com)")
MACHINES = r"(?<![\w.*{}])/(?:root|home|Users|work|opt)/[\w.]"
KEPT_OUT = re.compile("|".join((*REGISTRIES, MACHINES)))


def files_of(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@cache
def refusals() -> dict[int, tuple[str, Refusal]]:
    """Every refusal that stands in a module, with the name it has there first."""
    found: dict[int, tuple[str, Refusal]] = {}
    for folder in reversed(FOLDERS):
        for file in files_of(folder):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for constant, value in vars(import_module(name)).items():
                if type(value) is Refusal:
                    found.setdefault(id(value), (f"{name}.{constant}", value))
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_run_one_way(folder: str) -> None:
    outside = {*FOLDERS[: FOLDERS.index(folder)], "tests"}

    wrong = [(file.name, name) for file in files_of(folder) for name in imported(file) if name.split(".")[0] in outside]

    assert wrong == []


def test_what_moves_goes_by_one_name_in_every_folder() -> None:
    names = {record.__module__.split(".")[1] for record in FLOWS}

    missing = [
        f"{folder}/{name}" for name in sorted(names) for folder in FOLDERS
        if not (ROOT / folder / f"{name}.py").exists() and not (ROOT / folder / name).is_dir()
    ]

    assert missing == []


def test_no_file_holds_two_nouns() -> None:
    files = {file for folder in FOLDERS for file in files_of(folder)} - {ROOT / each for each in ONE_FILE}
    lengths = {file: len(file.read_text().splitlines()) for file in sorted(files)}

    assert [f"{file.relative_to(ROOT)}: {length}" for file, length in lengths.items() if length > LONGEST] == []


def test_the_printed_schema_is_the_schema() -> None:
    assert (ROOT / "schema.graphql").read_text() == f"{schema.as_str()}\n", "qiban schema > schema.graphql"


def test_the_printed_flows_are_the_flows() -> None:
    assert (ROOT / "docs" / "flows.md").read_text() == flows_page(), "qiban flows > docs/flows.md"


def test_what_the_documents_show_can_be_asked() -> None:
    rules = [rule for rule in specified_rules if rule is not LoneAnonymousOperationRule]  # one may stand under another
    shown = [
        (page.name, parse(block)) for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for block in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)
    ]
    wrong = []
    for page, document in shown:
        wrong += [f"{page}: {error.message}" for error in validate(schema._schema, document, rules)]
        for asked in document.definitions:
            assert isinstance(asked, OperationDefinitionNode)
            fields = [each for each in asked.selection_set.selections if isinstance(each, FieldNode)]
            instants = {"asOf" in {given.name.value for given in field.arguments or ()} for field in fields}
            wrong += [f"{page}: ONE_INSTANT"] if len(instants) > 1 else []

    assert shown and wrong == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    named = []
    for file in ROOT.rglob("*"):
        if UNTRACKED.isdisjoint(file.relative_to(ROOT).parts) and file.is_file():
            for found in KEPT_OUT.finditer(file.read_text(errors="ignore")):
                named.append(f"{file.relative_to(ROOT)}: {found[0]}")

    assert named == []


def test_every_refusal_has_a_code_of_its_own() -> None:
    by_code: dict[str, list[str]] = {}
    for name, refusal in refusals().values():
        if not said_of_one_occasion(refusal):
            by_code.setdefault(refusal.code, []).append(name)

    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}
    assert [code for code in by_code if not re.fullmatch("[A-Z][A-Z_]*[A-Z]", code)] == []


def test_every_refusal_says_the_same_in_two_languages() -> None:
    for name, refusal in refusals().values():
        assert re.search("[一-鿿]", refusal.zh), name
        assert re.search("[A-Za-z]", refusal.en) and not re.search("[一-鿿]", refusal.en), name
        assert values_in(refusal.zh) == values_in(refusal.en), name


def said_of_one_occasion(refusal: Refusal) -> bool:
    """Whether it is another with its values filled in, as `BAD_INPUT.about(…)`."""
    others = [other for _, other in refusals().values() if other.code == refusal.code and other is not refusal]
    return not values_in(refusal.zh) and any(values_in(other.zh) for other in others)


def test_nothing_under_the_gpl_is_shipped() -> None:
    """docs/decisions/0001-dependencies.md says why."""
    locked = re.findall(r"^([\w-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)

    licences = {name: licence_of(name) for name in locked if name not in NOT_HERE}

    assert [name for name, licence in licences.items() if not licence or "GPL" in licence] == []


def licence_of(package: str) -> str:
    said = metadata(package).json
    classified = [each for each in said.get("classifier", []) if each.startswith("License ::")]
    return " ".join((str(said.get("license_expression", "")), str(said.get("license", ""))[:100], *classified)).strip()


def values_in(sentence: str) -> set[str]:
    """What a sentence leaves open; `reason_en` is `reason` in the other language."""
    names = {name for _, name, _, _ in Formatter().parse(sentence) if name}
    return {re.sub("(^|_)(zh|en)(_|$)", "", name) for name in names}
