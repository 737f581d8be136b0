"""A zone's years of work made up in bulk: rows as the service writes them, put straight into the tables.

A thousand cases have 5 entries each, every hundredth 30; each case one or two problems with a department to answer
for it. The chains are not hashed: nothing here is proved, only read.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]

from domain.cases import Case, CaseState, Category, Channel
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.people import Membership, MembershipState, Person, PersonState
from domain.problems import Problem, ProblemState
from domain.responsibilities import Part, Responsibility, ResponsibilityState
from domain.spans import Span
from domain.timers import Timer
from domain.viewers import Role
from domain.zones import Zone

START = datetime(2024, 1, 2, 1, 0, tzinfo=UTC)
AT_ONCE = 5_000
ENDED = (CaseState.CLOSED, CaseState.CLOSED, CaseState.CLOSED, CaseState.CLOSED, CaseState.DECLINED)
OPEN = (CaseState.COLLECTED, CaseState.ASSIGNING, CaseState.HANDLING, CaseState.HANDLING, CaseState.CHECKING)
KINDS = (Zone, Department, Person, Enterprise, Membership, Case, Problem, Responsibility, Entry, Span, Timer)


def key(number: int, at: datetime = START) -> UUID:
    """A UUIDv7 that is always the same for a number, later ones after earlier ones."""
    high = (int(at.timestamp() * 1000) << 16) | 0x7000
    return UUID(int=(high << 64) | (0b10 << 62) | number)


@dataclass
class Office:
    """A zone with its people and firms, cases handed out among them."""

    cases: int
    zones: int = 10

    def __post_init__(self) -> None:
        self.chance = random.Random(self.cases)
        self.per_zone = max(self.cases // self.zones // 20, 10)

    def rows(self) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        """Every row, those referred to first."""
        for zone in range(self.zones):
            yield from self._zone(zone)
        for number in range(self.cases):
            yield from self._case(number)

    def person(self, zone: int, name: str) -> UUID:
        return key(2_000_000_000 + zone * 1_000 + {"leader": 0, "dispatcher": 1, "auditor": 2, "liaison": 3}[name])

    def companion(self, zone: int, number: int) -> UUID:
        return key(2_000_000_000 + zone * 1_000 + 100 + number)

    def _zone(self, zone: int) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        zone_id, code = key(1_000 + zone), f"B{zone:02}"
        yield Zone, {"id": zone_id, "code": code, "name": f"高新区{zone}", "path": code}
        for number in range(20):
            yield Department, {"id": key(10_000 + zone * 100 + number), "zone_id": zone_id, "name": f"部门{number}",
                               "aliases": []}
        for name, role in (("leader", Role.LEADER), ("dispatcher", Role.DISPATCHER), ("auditor", Role.AUDITOR),
                           ("liaison", Role.LIAISON)):
            yield from self._held(self.person(zone, name), zone, role, name)
        for number in range(20):
            yield from self._held(self.companion(zone, number), zone, Role.COMPANION, f"伴员{number}")
        for number in range(self.per_zone):
            yield Enterprise, {"id": key(3_000_000_000 + zone * 1_000_000 + number), "zone_id": zone_id,
                               "name": f"企业{zone}-{number}（合成）", "synthetic": True,
                               "companion_id": self.companion(zone, number % 20)}

    def _held(self, person: UUID, zone: int, role: Role, name: str) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        zone_id = key(1_000 + zone)
        department = key(10_000 + zone * 100) if role in (Role.LIAISON, Role.COMPANION) else None
        yield Person, {"id": person, "zone_id": zone_id, "name": name, "state": PersonState.ACTIVE,
                       "department_id": department}
        yield Membership, {"id": UUID(int=person.int + (1 << 40)), "person_id": person, "zone_id": zone_id,
                           "role": role, "since": START, "state": MembershipState.HELD, "department_id": department}

    def _case(self, number: int) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        zone, at = number % self.zones, START + timedelta(minutes=number // self.zones * 10)
        recent = number >= self.cases - max(self.cases // 20, 500)
        state = self.chance.choice(OPEN if recent else ENDED)
        case, zone_id, firm = key(4_000_000_000 + number, at), key(1_000 + zone), self.chance.randrange(self.per_zone)
        owner = self.companion(zone, firm % 20)
        entries = 30 if number % 100 == 0 else 5
        parts = 1 + number % 2
        open_parts = parts if state in OPEN else 0
        asked = state not in (CaseState.COLLECTED, CaseState.DECLINED)
        yield Case, {
            "id": case, "zone_id": zone_id, "number": f"B{zone:02}-{at.year}-{number:07}", "state": state,
            "enterprise_id": key(3_000_000_000 + zone * 1_000_000 + firm), "owner_id": owner,
            "title": f"第{number}件：二期用地与用工", "description": "企业反映二期用地指标与技工短缺。",
            "category": self.chance.choice(list(Category)), "channel": self.chance.choice(list(Channel)),
            "raised_on": at.date(), "collected_at": at, "closed_at": None if state in OPEN else at + timedelta(days=9),
            "call_back_attempts": 1, "problems_raised": parts, "open_problems": open_parts, "sequence": entries,
            "open_responsibilities": open_parts if asked else 0, "head": "0" * 64,
        }
        for part in range(parts):
            problem = key(6_000_000_000 + number * 2 + part, at)
            yield Problem, {"id": problem, "case_id": case, "zone_id": zone_id, "description": f"问题{part}",
                            "state": ProblemState.OPEN if state in OPEN else ProblemState.CLEARED,
                            "resolution": "" if state in OPEN else "已解决。", "category": Category.LAND}
            if asked:
                yield Responsibility, {
                    "id": key(8_000_000_000 + number * 2 + part, at), "case_id": case, "zone_id": zone_id,
                    "problem_id": problem, "department_id": key(10_000 + zone * 100 + self.chance.randrange(20)),
                    "part": Part.JOINT if part else Part.LEAD, "person_id": owner, "offered_at": at, "return_by": at,
                    "due_at": at + timedelta(days=15), "measures": 1,
                    "state": ResponsibilityState.FIXED if state in OPEN else ResponsibilityState.DONE,
                }
        for sequence in range(1, entries + 1):
            yield Entry, {
                "id": key(10_000_000_000 + number * 30 + sequence, at), "zone_id": zone_id, "subject_kind": "case",
                "subject_id": case, "sequence": sequence, "record_kind": "case", "record_id": case,
                "move": "collect" if sequence == 1 else "report", "source": None, "target": state.value,
                "actor_id": owner, "at": at + timedelta(minutes=sequence), "reason": "按部门反馈更新。",
                "changes": json.dumps({f"case/{case}": {"title": [None, "二期用地"]}}), "previous": "0" * 64,
                "hash": f"{number:032x}{sequence:032x}",
            }


async def offered(url: str, office: Office, count: int) -> list[UUID]:
    """So many responsibilities more, offered to the first department of the first zone; their keys."""
    zone_id, at, until = key(1_000), datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(days=1)
    keys: list[UUID] = []
    rows: list[tuple[type[Any], dict[str, Any]]] = []
    for number in range(count):
        case, duty = key(500_000_000_000 + number, at), key(600_000_000_000 + number, at)
        keys.append(duty)
        lights = {"yellow_at": until, "red_at": until, "grey": False}
        rows.append((Case, {
            "id": case, "zone_id": zone_id, "number": f"M-{number:07}", "state": CaseState.ASSIGNING,
            "enterprise_id": key(3_000_000_000), "owner_id": office.companion(0, 0), "title": "用地",
            "description": "用地", "category": Category.LAND, "channel": Channel.VISIT, "raised_on": at.date(),
            "collected_at": at, "problems_raised": 1, "open_problems": 1, "sequence": 5, "open_responsibilities": 1,
            "unfixed_responsibilities": 1, "lead_responsibilities": 1, "whole_responsibilities": 1, "head": "0" * 64,
            "changed_at": at, **lights,
        }))
        clock = {"due_at": until, "warn_at": until, "due_earliest": until, "due_latest": until, "limit_name": "sign",
                 "limit_text": "1wd", "clock_started_at": at, "calendar_version": 1}
        rows.append((Responsibility, {
            "id": duty, "case_id": case, "zone_id": zone_id, "department_id": key(10_000), "part": Part.LEAD,
            "state": ResponsibilityState.OFFERED, "offered_at": at, "return_by": until, "changed_at": at, **clock,
            **lights,
        }))
        rows.append((Span, {
            "id": key(700_000_000_000 + number, at), "zone_id": zone_id, "subject_kind": "case", "subject_id": case,
            "record_kind": "responsibility", "record_id": duty, "state": "offered", "entered_at": at, "due_at": until,
            "department_id": key(10_000),
        }))
        for place, move in enumerate(("sign_by_lapse", "remind", "overdue")):
            rows.append((Timer, {
                "id": key(800_000_000_000 + number * 3 + place, at), "zone_id": zone_id, "subject_id": case,
                "record_kind": "responsibility", "record_id": duty, "move": move, "due_at": until, "wake_at": until,
            }))
    await _put(url, iter(rows))
    return keys


async def fill(url: str, cases: int) -> Office:
    """Put an office of so many cases into an empty, migrated database."""
    office = Office(cases)
    await _put(url, office.rows())
    return office


async def _put(url: str, rows: Iterator[tuple[type[Any], dict[str, Any]]]) -> None:
    """As fast as they go in: whole as they are, they are neither checked nor followed by triggers."""
    connection = await asyncpg.connect(url) if url.startswith("postgres") else sqlite3.connect(url[9:])
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
    else:
        await connection.execute("SET session_replication_role = replica")
    while batch := list(islice(rows, AT_ONCE)):
        for kind in KINDS:
            values = [each for of, each in batch if of is kind]
            if values:
                await _insert(connection, kind, values)
    if isinstance(connection, sqlite3.Connection):
        connection.commit()
        connection.execute("ANALYZE")
        connection.close()
    else:
        await connection.execute("ANALYZE")
        await connection.close()


async def _insert(connection: Any, kind: type[Any], rows: Iterable[dict[str, Any]]) -> None:
    columns = list(kind._meta.fields_db_projection)
    records = [[_value(kind, column, row) for column in columns] for row in rows]
    if isinstance(connection, sqlite3.Connection):
        names = ", ".join(f'"{each}"' for each in columns)
        marks = ", ".join("?" for _ in columns)
        text = [[_as_text(value) for value in record] for record in records]
        connection.executemany(f'INSERT INTO "{kind._meta.db_table}" ({names}) VALUES ({marks})', text)
    else:
        await connection.copy_records_to_table(kind._meta.db_table, columns=columns, records=records)


def _value(kind: type[Any], column: str, row: dict[str, Any]) -> Any:
    field = kind._meta.fields_map[column]
    if column in row:
        value = row[column]
    elif column in ("created_at", "changed_at"):
        value = START
    else:
        value = field.default() if callable(field.default) else field.default
    if isinstance(value, Enum):
        return value.value
    return json.dumps(value) if isinstance(value, list) else value


def _as_text(value: Any) -> Any:
    match value:
        case UUID() | Decimal():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
        case date():
            return value.isoformat()
        case bool():
            return int(value)
        case _:
            return value
