"""A survey workbook of 50,000 rows taken in, as a share of the very rows put in by hand, a transaction for each."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]

from bench.data import Office, key
from bench.figures import Figure
from domain import database
from domain.database import SQLITE_PRAGMAS
from domain.uscc import check_character
from domain.workbooks import Column, Sheet, write_workbook
from domain.zones import Zone
from workflows.surveys import import_survey

HEADERS = ("企业名称", "统一社会信用代码", "问题类别", "问题描述", "提出时间", "走访人", "建议责任部门")
ROWS, FIRMS, BY_HAND = int(os.environ.get("IMPORT_ROWS", "50000")), 500, 2_000
TABLES = ("case", "problem", "entry", "span", "timer")


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        workbook = Path(folder) / "survey.xlsx"
        write_workbook(workbook, [Sheet("问题汇总", "", [Column(each, 20) for each in HEADERS], _rows())])
        async with database.opened(url):
            zone = await Zone.get(id=key(1_000))
            begun = time.perf_counter()
            imported = await import_survey(workbook, zone)
            rate = ROWS / (time.perf_counter() - begun)
    assert sum(bool(each.case_number) for each in imported.results) == ROWS, imported.counts
    most = await _by_hand(url)
    yield Figure("import", engine, size, rate / most, f"{ROWS} rows, {rate:.0f}/s of {most:.0f}/s")


def _rows() -> Iterator[tuple[str, ...]]:
    for number in range(ROWS):
        code = f"91450300{number % FIRMS:09}"
        yield (
            f"示例·企业{number % FIRMS}", code + check_character(code), "征地拆迁", f"第{number}项：二期用地指标未落实",
            "2024.05.01", "伴员0", "部门0",
        )


async def _by_hand(url: str) -> float:
    """How many of the last cases, with all that was written with them, go in again in a second under other keys."""
    put, find, close = await (_postgres(url) if url.startswith("postgres") else _sqlite(url))
    cases = await find('SELECT * FROM "case" ORDER BY id DESC LIMIT ' + str(BY_HAND))
    written = [(each, {t: await find(f"SELECT * FROM {t} WHERE {_of(t)} = $1", each["id"]) for t in TABLES[1:]})
               for each in cases]
    begun = time.perf_counter()
    for case, others in written:
        known = {str(case["id"]): uuid4()}
        rows = [("case", {**case, "number": f"{case['number']}x", "survey_fingerprint": uuid4().hex})]
        rows += [(table, dict(row)) for table in TABLES[1:] for row in others[table]]
        await put([(table, _under_other_keys(row, known, url)) for table, row in rows])
    seconds = time.perf_counter() - begun
    await close()
    return len(written) / seconds


def _of(table: str) -> str:
    return "case_id" if table == "problem" else "subject_id"


def _under_other_keys(row: dict[str, Any], known: dict[str, UUID], url: str) -> dict[str, Any]:
    own = known.setdefault(str(row["id"]), uuid4())
    named = {name: known.get(str(value), value) if name.endswith("_id") else value for name, value in row.items()}
    named["id"] = own
    return named if url.startswith("postgres") else {n: str(v) if isinstance(v, UUID) else v for n, v in named.items()}


async def _postgres(url: str) -> Any:
    connection = await asyncpg.connect(url)

    async def put(rows: list[tuple[str, dict[str, Any]]]) -> None:
        async with connection.transaction():
            for table, row in rows:
                marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
                await connection.execute(f'INSERT INTO "{table}" ({_names(row)}) VALUES ({marks})', *row.values())

    return put, connection.fetch, connection.close


async def _sqlite(url: str) -> Any:
    connection = sqlite3.connect(url[9:], isolation_level=None)
    connection.row_factory = sqlite3.Row
    for name, value in SQLITE_PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")

    async def put(rows: list[tuple[str, dict[str, Any]]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for table, row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f'INSERT INTO "{table}" ({_names(row)}) VALUES ({marks})', list(row.values()))
        connection.execute("COMMIT")

    async def find(statement: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(statement.replace("$", "?"), values).fetchall()]

    async def close() -> None:
        connection.close()

    return put, find, close


def _names(row: dict[str, Any]) -> str:
    return ", ".join(map(json.dumps, row))
