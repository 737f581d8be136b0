"""A survey workbook becomes enterprises, cases and problems: each row once, whatever is run again or killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from domain.cases import Case, Category, Channel
from domain.clock import today
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.people import Membership, MembershipState, PersonState
from domain.refusals import Refused
from domain.surveys import Result, Survey, SurveyRow, read_survey
from domain.surveys.notes import Note, Outcome, clip
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from workflows.perform import changing, create

Progress = Callable[[int, int], None]
READING = 300
WHOLE = 1000

IN_THE_BOOKS = Note(
    "IN_THE_BOOKS", "此前已导入，编号{number}。", "Imported before, as {number}.", outcome=Outcome.REPEATED
)
OTHER_NAME = Note(
    "OTHER_NAME", "该代码在册名称为“{name}”，按在册名称办理。",
    "The books know this code as “{name}”; that name is kept.", "name", Outcome.CORRECTED,
)
UNKNOWN_CATEGORY = Note(
    "UNKNOWN_CATEGORY", "类别“{before}”不在目录内，列为“其他”。",
    "The category “{before}” is not in the list; taken as other.", "category", Outcome.CORRECTED,
)
UNKNOWN_VISITOR = Note(
    "UNKNOWN_VISITOR", "走访人“{before}”不是本区企业伴员，写入情况说明。",
    "The visitor “{before}” is no companion here; kept in the description.", "visitor", Outcome.CORRECTED,
)
UNKNOWN_DEPARTMENT = Note(
    "UNKNOWN_DEPARTMENT", "部门“{before}”不在本区，写入情况说明。",
    "The department “{before}” is not of this zone; kept in the description.", "department", Outcome.CORRECTED,
)
NOT_TAKEN = Note("NOT_TAKEN", "{zh}", "{en}", outcome=Outcome.REFUSED)

CATEGORIES = {
    **{category.zh: category for category in Category},
    "其它": Category.OTHER,
}


@dataclass
class Imported:
    """What came of an import: the survey as read, and one result for every row of the workbook."""

    survey: Survey
    results: list[Result]
    dry_run: bool

    @property
    def counts(self) -> dict[Outcome, int]:
        counted = Counter(each.outcome or each.row.outcome for each in self.results)
        return {outcome: counted[outcome] for outcome in Outcome}


@dataclass
class Books:
    """What a zone knows already, looked up once for the whole import."""

    zone: Zone
    enterprises: dict[str, Enterprise]
    departments: dict[str, Department]
    companions: dict[str, Any]
    numbers: dict[str, str]


async def import_survey(path: Path, zone: Zone, *, dry_run: bool = False, progress: Progress | None = None) -> Imported:
    """Take in the workbook at `path` for a zone. Raises `Refused` for an unreadable workbook.

    Every row is a change of its own: a run that was cut off is finished by running it again. A `dry_run` says
    what would come of each row and writes nothing.
    """
    tell = progress or (lambda done, total: None)
    survey = read_survey(
        path, progress=lambda done, total: tell(READING * done // total, WHOLE), today=today().date()
    )
    books, results = await _open_books(zone), []
    for index, row in enumerate(survey.rows, 1):
        results.append(await _settle(row, books, path.name, dry_run))
        tell(READING + (WHOLE - READING) * index // len(survey.rows), WHOLE)
    return Imported(survey, results, dry_run)


async def _open_books(zone: Zone) -> Books:
    departments = await Department.filter(zone_id=zone.id)
    companions = await Membership.filter(
        zone_id=zone.id, role=Role.COMPANION, state=MembershipState.HELD, person__state=PersonState.ACTIVE
    ).select_related("person")
    enterprises = await Enterprise.filter(zone_id=zone.id, uscc__isnull=False)
    numbers: list[Any] = await Case.filter(zone_id=zone.id, survey_fingerprint__isnull=False).values_list(
        "survey_fingerprint", "number"
    )
    named = Counter(held.person.name for held in companions)
    return Books(
        zone=zone,
        enterprises={str(each.uscc): each for each in enterprises},
        departments={name: each for each in departments for name in (each.name, *each.aliases)},
        companions={held.person.name: held.person for held in companions if named[held.person.name] == 1},
        numbers=dict(numbers),
    )


async def _settle(row: SurveyRow, books: Books, workbook: str, dry_run: bool) -> Result:
    if row.outcome not in (Outcome.TAKEN, Outcome.CORRECTED) or row.fingerprint is None:
        return Result(row)
    if number := books.numbers.get(row.fingerprint):
        return Result(row, number, (IN_THE_BOOKS.at(number=number),), Outcome.REPEATED)
    notes, given = _matched(row, books, workbook)
    outcome = Outcome.CORRECTED if notes else row.outcome
    if dry_run:
        return Result(row, "", notes, outcome)
    try:
        number = await _enter(row, books, given)
    except Refused as refused:
        told = tuple(replace(NOT_TAKEN, zh=no.zh, en=no.en, code=no.code) for no in refused.refusals)
        return Result(row, "", (*told, *notes), Outcome.REFUSED)
    books.numbers[row.fingerprint] = number
    return Result(row, number, notes, outcome)


def _matched(row: SurveyRow, books: Books, workbook: str) -> tuple[tuple[Note, ...], dict[str, Any]]:
    """What the row says in the zone's own terms, and a note wherever that is not what it wrote."""
    notes: list[Note] = []
    known = books.enterprises.get(row.uscc)
    if known and known.name != row.enterprise_name:
        notes.append(OTHER_NAME.at(row.enterprise_name, known.name, name=known.name))
    category = CATEGORIES.get(row.category or "")
    if category is None and row.category:
        notes.append(UNKNOWN_CATEGORY.at(row.category or "", Category.OTHER.zh))
    companion = books.companions.get(row.visitor or "")
    department = books.departments.get(row.department or "")
    kept = []
    if row.visitor and companion is None:
        notes.append(UNKNOWN_VISITOR.at(row.visitor))
        kept.append(f"走访人：{row.visitor}")
    if row.department and department is None:
        notes.append(UNKNOWN_DEPARTMENT.at(row.department))
        kept.append(f"建议责任部门：{row.department}")
    if row.remark:
        kept.append(f"备注：{row.remark}")
    return tuple(notes), {
        "title": clip(" ".join(row.description.split())),
        "description": "\n".join(kept),
        "category": category or Category.OTHER,
        "channel": Channel.SURVEY,
        "raised_on": row.raised_on,
        "companion": companion,
        "suggested_department": department,
        "problems": [{"description": row.description, "category": category or Category.OTHER}],
        "source": f"{workbook} · {row.sheet} · {row.row_number}",
        "fingerprint": row.fingerprint,
    }


async def _enter(row: SurveyRow, books: Books, given: dict[str, Any]) -> str:
    """The case's number, once it and, where it is new, its enterprise are written."""
    async with changing(OPERATOR):
        enterprise = books.enterprises.get(row.uscc) or await create(
            OPERATOR, Enterprise, "create", zone=books.zone, name=row.enterprise_name, uscc=row.uscc,
            above_scale=row.above_scale, companion=given["companion"], source=given["source"],
        )
        case = await create(OPERATOR, Case, "import", enterprise=enterprise, **given)
    books.enterprises[row.uscc] = enterprise
    return case.number
