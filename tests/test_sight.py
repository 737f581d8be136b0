"""Who may see what: the whole schema is walked as everybody, and compared with the rule as it stands below.

The rule, said a second time and in plain Python over all rows, knows nothing of `visible_to`:

- Dispatchers, leaders and auditors see every case of their zones and the zones below; companions those they own or
  whose enterprise they accompany; liaisons those in which their department, or they in person, were made responsible.
  A contact sees the enterprise's own cases and their three lists, but not what the offices say to each other: no
  returned responsibility, no consultation, no exclusion from figures, no entry about these, no reason written from
  one office to another.
- The history of an enterprise is for those who oversee its zone and for its companion. Of what is kept about it, an
  entry is also for whoever sees the record that moved: its contacts, but for what is the offices' own, the liaisons of
  the department in charge, whoever makes a visit and the liaisons of departments that join.
- What is kept about an enterprise (applications, recognitions, entries of libraries, checklists, roadmaps, claims,
  contracts, outcomes, indicators, vouchers, needs, stays) is seen by those who oversee its zone, its companion, the
  liaisons of the department in charge, who thereby see the enterprise, and its contacts; quarterly reviews by the
  offices alone. A zone's libraries, templates and campaigns are seen by all who have to do with it, campaigns by staff
  of the zones below too; its filed counts by staff of either.
- Policies, and all that stands in them, once they are out by those who see the zone's campaigns, as drafts by staff of
  the zone; appropriations by its overseers and administrators; agencies by staff, and by the zone's contacts unless
  struck off.
- Visits are seen as applications are, by whoever makes them, who thereby sees the enterprise, and by the liaisons of
  departments that join; who joins is no business of contacts. Rounds and stated figures are seen as filed
  counts are.
- Carriers are seen as libraries are, ladders as campaigns; teams, posts and assignments by staff of the zone.
- A notice is for the one person told, and for nobody else; webhooks and what was told there are for administrators and
  auditors.
- An administrator sees zones, departments, persons, roles, enterprises, settings and their history, and no case.
- Ids inside an entry's `changes` are keys without names: what stands behind one opens only to who may see that row.
  Names of persons, and of contacts in cases, stand there as salted commitments.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import get_named_type

from api.nodes import NODES, global_id
from domain import clock
from domain.attachments import Attachment
from domain.calendar.rows import CalendarYear
from domain.cases import Case
from domain.chains import ChainLink
from domain.consultations import Consultation
from domain.database import engine, opened
from domain.enterprises import Enterprise
from domain.figures import Exclusion
from domain.people import Membership, Person, PersonState
from domain.problems import Problem
from domain.rectifications import Rectification
from domain.responsibilities import Part, Responsibility
from domain.supervisions import Supervision
from domain.viewers import OPERATOR, Role
from domain.zones import Setting, Zone
from tests import postgres
from tests.claiming import all_sorts_of_claims
from tests.graphql import Client, served, signed_in
from tests.helping import all_sorts_of_help
from tests.profiling import all_sorts_of_profiles
from tests.recognising import all_sorts_of_applications, an_application_of
from tests.visiting import all_sorts_of_outcomes, all_sorts_of_visits
from tests.walk import INBOX, LISTS, SCHEMA, Key, Walk, dump, key, mutations, plausible
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_handled_case,
    a_person,
    a_reported_case,
    a_webhook,
    a_world,
    a_zone,
    fixed,
    the_responsibility,
)
from workflows.perform import create, perform

TALK = "部门间密谈"
"""Stands in every text that offices write for each other; no contact may ever read it."""


@dataclass
class Region:
    """A parent zone, a zone below it with two enterprises, a zone apart, and people of every standing."""

    parent: Zone
    gl: World
    by: World
    people: Mapping[str, Person]


async def a_region() -> Region:
    parent = await a_zone("GX")
    gl, by = await a_world("GL", parent), await a_world("BY")
    second = await a_person(gl.zone, "GL伴员02", Role.COMPANION)
    firm = await create(OPERATOR, Enterprise, "create", zone=gl.zone, name="示例·GL·002", companion=second)
    other_contact = await a_person(gl.zone, "GL企业联系人02", Role.CONTACT, enterprise=firm)
    idle = await create(OPERATOR, type(gl.land), "create", zone=gl.zone, name="从未参与局")
    people = {
        "dispatcher": gl.dispatcher,
        "leader": gl.leader,
        "auditor": gl.auditor,
        "companion": gl.companion,
        "administrator": gl.administrator,
        "contact": gl.contact,
        "lead liaison": gl.land_liaison,
        "returning liaison": gl.housing_liaison,
        "fallback liaison": gl.fallback_liaison,
        "second companion": second,
        "second contact": other_contact,
        "idle liaison": await a_person(gl.zone, "闲置联络员", Role.LIAISON, department=idle),
        "parent leader": await a_person(parent, "上级领导", Role.LEADER),
        "parent administrator": await a_person(parent, "上级管理员", Role.ADMINISTRATOR),
        "other auditor": by.auditor,
        "other contact": by.contact,
        "service account": await a_person(gl.zone, "前端服务"),
        "former dispatcher": await a_person(gl.zone, "前任分办员", Role.DISPATCHER),
        "deactivated leader": await a_person(gl.zone, "离任领导", Role.LEADER),
        "contact and liaison": await a_contact_who_is_liaison_too(gl, idle),
        "lent companion": by.companion,
    }
    await create(OPERATOR, Membership, "grant", within=by.companion, role=Role.COMPANION, zone=gl.zone)
    boss = await gl.viewer(gl.administrator)
    held = await Membership.get(person_id=people["former dispatcher"].id)
    await perform(boss, Membership, held.id, "revoke", reason="轮岗")
    await perform(boss, Person, people["deactivated leader"].id, "deactivate", reason="调离")
    await a_chain_and_rules(gl, firm)
    await cases_in_every_stage(gl)
    await a_webhook(gl.zone)
    await a_case_of_the_second(gl, firm, second)
    await all_sorts_of_applications(gl)
    await an_application_of(gl, firm)
    await all_sorts_of_claims(gl, parent)
    await all_sorts_of_visits(gl)
    await all_sorts_of_outcomes(gl)
    await all_sorts_of_profiles(gl)
    await all_sorts_of_help(replace(gl, enterprise=firm, companion=second))
    await a_closed_case(by)
    return Region(parent, gl, by, people)


async def a_contact_who_is_liaison_too(gl: World, idle: Any) -> Person:
    person = await a_person(gl.zone, "企业联系人兼联络员", Role.CONTACT, enterprise=gl.enterprise)
    await create(
        OPERATOR, Membership, "grant", within=person, role=Role.LIAISON, zone=gl.zone, department=idle
    )
    return person


async def a_chain_and_rules(gl: World, firm: Enterprise) -> None:
    for level, (title, person) in enumerate(
        (("专员", gl.companion), ("科长", None), ("区领导", gl.leader)), 1
    ):
        await create(OPERATOR, ChainLink, "add", within=gl.zone, level=level, title=title, person=person)
    await create(OPERATOR, ChainLink, "add", within=gl.zone, level=1, title="专班", enterprise=firm)
    await create(
        OPERATOR,
        Setting,
        "set",
        within=gl.zone,
        name="evidence_files",
        value="0",
        holds_from=clock.today().date(),
        source="示例文件",
    )
    given: dict[str, Any] = {"year": 2027, "text": "2027-04-08,holiday,三月三", "source": "示例文件"}
    await create(OPERATOR, CalendarYear, "publish", zone=gl.zone, **given)


async def cases_in_every_stage(gl: World) -> None:
    companion, dispatcher, leader = [
        await gl.viewer(each) for each in (gl.companion, gl.dispatcher, gl.leader)
    ]
    await a_case(gl, contact_name="示例联系人", contact_phone="0773-0000000")
    await a_returned_and_designated_case(gl)
    await perform(dispatcher, Case, (await a_case(gl)).id, "decline", reason="不属本区", basis="示例办法")
    await perform(companion, Case, (await a_dispatched_case(gl, gl.land)).id, "withdraw", reason="企业撤回")
    into = await a_dispatched_case(gl, gl.fallback, gl.land)
    await perform(dispatcher, Case, (await a_case(gl)).id, "merge", into=into, reason="同一事项")
    paused = await a_handled_case(gl)
    await perform(leader, Case, paused.id, "pause", reason="等待上级批复")
    handled = await a_handled_case(gl)
    await perform(companion, Case, handled.id, "escalate", reason=TALK)
    await create(
        companion,
        Consultation,
        "record",
        within=handled,
        held_on=clock.today().date(),
        place="会议室",
        parties=TALK,
        outcome=TALK,
    )
    await create(leader, Exclusion, "exclude", within=handled, reason=TALK)
    asked = await create(leader, Supervision, "order", within=handled, department=gl.land, demand=TALK)
    await perform(await gl.viewer(gl.land_liaison), Supervision, asked.id, "answer", answer=TALK)
    await create(dispatcher, Supervision, "order", within=handled, person=gl.companion, demand=TALK)
    measure = await Rectification.get(case_id=handled.id)
    for given in ({"rectification": measure}, {}):
        await create(
            await gl.viewer(gl.land_liaison),
            Attachment,
            "attach",
            within=handled,
            file_name="佐证.pdf",
            size=9,
            content_type="application/pdf",
            sha256="0" * 64,
            store_key=f"k{len(given)}",
            **given,
        )
    sent_back = await a_reported_case(gl)
    await perform(companion, Case, sent_back.id, "send_back", reason=TALK)
    closed = await a_closed_case(gl)
    problems = await Problem.filter(case_id=closed.id)
    await perform(companion, Case, closed.id, "reopen", reason="又断水了", problems=problems)
    await a_closed_case(gl)


async def a_returned_and_designated_case(gl: World) -> None:
    case = await a_dispatched_case(gl, gl.housing)
    housing, dispatcher = await gl.viewer(gl.housing_liaison), await gl.viewer(gl.dispatcher)
    for _ in range(2):
        duty = await the_responsibility(case)
        await perform(housing, Responsibility, duty.id, "return", reason=TALK, basis=TALK)
        await perform(
            dispatcher, Case, case.id, "dispatch", offers=[{"department": gl.housing, "part": Part.LEAD}]
        )
    duty = await the_responsibility(case)
    await perform(housing, Responsibility, duty.id, "return", reason=TALK, basis=TALK)
    await perform(dispatcher, Case, case.id, "designate", department=gl.land, reason=TALK)


async def a_case_of_the_second(gl: World, firm: Enterprise, second: Person) -> None:
    owner, housing = await gl.viewer(second), await gl.viewer(gl.housing_liaison)
    case = await create(
        owner, Case, "collect", enterprise=firm, title="厂区道路", problems=[{"description": "路面破损"}]
    )
    await perform(owner, Case, case.id, "submit")
    offers = [{"department": gl.housing, "part": Part.LEAD}]
    await perform(await gl.viewer(gl.dispatcher), Case, case.id, "dispatch", offers=offers)
    await fixed(gl, await the_responsibility(case), gl.housing_liaison)
    await perform(owner, Case, case.id, "escalate", reason=TALK)
    measure = await Rectification.get(case_id=case.id)
    await perform(housing, Rectification, measure.id, "submit", result="已修复")


class Rule:
    """The rule, over all rows as they are."""

    def __init__(self, rows: Mapping[str, list[Any]]) -> None:
        self.rows = rows

    @classmethod
    async def read(cls) -> Rule:
        return cls({model.__name__: list(await model.all()) for model in NODES})

    def seen_by(self, person: Person) -> set[Key]:
        may = Standing(self.rows, person)
        return {(kind, row.id) for kind, rows in self.rows.items() for row in rows if may.see(kind, row)}


class Standing:
    """What one person may see, row by row."""

    def __init__(self, rows: Mapping[str, list[Any]], person: Person) -> None:
        self.rows, self.me = rows, person.id
        held = [
            each
            for each in rows["Membership"]
            if each.person_id == person.id and each.until is None and person.state is PersonState.ACTIVE
        ]
        self.zones = {role: self._below(each.zone_id for each in held if each.role is role) for role in Role}
        self.above = self._above(each.zone_id for each in held if each.role is not Role.CONTACT)
        self.staff = set().union(*(zones for role, zones in self.zones.items() if role is not Role.CONTACT))
        self.overseen = self.zones[Role.DISPATCHER] | self.zones[Role.LEADER] | self.zones[Role.AUDITOR]
        self.departments = {each.department_id for each in held if each.role is Role.LIAISON}
        self.firms = {each.enterprise_id for each in held if each.role is Role.CONTACT}
        self.contact_zones = {each.zone_id for each in held if each.role is Role.CONTACT}
        self.enterprise = {each.id: each for each in rows["Enterprise"]}
        self.case = {each.id: each for each in rows["Case"]}
        self.duties: dict[UUID, list[Any]] = {}
        for duty in rows["Responsibility"]:
            self.duties.setdefault(duty.case_id, []).append(duty)

    def see(self, kind: str, row: Any) -> bool:
        return bool(getattr(self, f"_{kind.lower()}")(row))

    def _below(self, zones: Iterable[UUID]) -> set[UUID]:
        found = set(zones)
        while more := {each.id for each in self.rows["Zone"] if each.parent_id in found} - found:
            found |= more
        return found

    def _above(self, zones: Iterable[UUID]) -> set[UUID]:
        parents = {each.id: each.parent_id for each in self.rows["Zone"]}
        found = set(zones)
        while more := {parents[each] for each in found if parents[each]} - found:
            found |= more
        return found

    def _inside(self, case: Any) -> bool:
        companion = case.zone_id in self.zones[Role.COMPANION]
        accompanied = self.enterprise[case.enterprise_id].companion_id
        return (
            case.zone_id in self.overseen
            or (companion and self.me in (case.owner_id, accompanied))
            or self._made_responsible(case)
        )

    def _made_responsible(self, case: Any) -> bool:
        return case.zone_id in self.staff and any(
            duty.department_id in self.departments or duty.person_id == self.me
            for duty in self.duties.get(case.id, ())
        )

    def _case(self, row: Any) -> bool:
        return self._inside(row) or row.enterprise_id in self.firms

    def _problem(self, row: Any) -> bool:
        return self._case(self.case[row.case_id])

    _rectification = _attachment = _problem

    def _consultation(self, row: Any) -> bool:
        return self._inside(self.case[row.case_id])

    _exclusion = _supervision = _consultation

    def _responsibility(self, row: Any) -> bool:
        case = self.case[row.case_id]
        return self._inside(case) or (case.enterprise_id in self.firms and row.state.value != "returned")

    def _recognition(self, row: Any) -> bool:
        firm = self.enterprise[row.enterprise_id]
        return (
            row.zone_id in self.overseen
            or (getattr(row, "department_id", None) in self.departments)
            or row.enterprise_id in self.firms
            or (firm.companion_id == self.me and firm.zone_id in self.zones[Role.COMPANION])
        )

    _application = _claim = _contract = _libraryentry = _checklist = _checklistitem = _recognition
    _roadmap = _milestone = _outcome = _indicator = _need = _stay = _voucher = _recognition

    def _visit(self, row: Any) -> bool:
        joined = any(
            each.visit_id == row.id and each.department_id in self.departments for each in self.rows["VisitDepartment"]
        )
        return self._recognition(row) or self._visits(row) or joined

    def _visits(self, row: Any) -> bool:
        return bool(row.visitor_id == self.me and row.zone_id in self.staff)

    def _visitdepartment(self, row: Any) -> bool:
        firm = self.enterprise[row.enterprise_id]
        accompanied = firm.companion_id == self.me and firm.zone_id in self.zones[Role.COMPANION]
        return row.zone_id in self.overseen or row.department_id in self.departments or accompanied

    def _review(self, row: Any) -> bool:
        firm = self.enterprise[row.enterprise_id]
        accompanied = firm.companion_id == self.me and firm.zone_id in self.zones[Role.COMPANION]
        return row.zone_id in self.overseen or accompanied

    def _campaign(self, row: Any) -> bool:
        return row.zone_id in self.staff | self.above | self.contact_zones

    _ladder = _campaign

    def _filedcount(self, row: Any) -> bool:
        return row.zone_id in self.staff | self.above

    _visitround = _statedfigure = _filedcount

    def _policy(self, row: Any) -> bool:
        out = row.state.value in ("published", "ended")
        return row.zone_id in self.staff or (out and row.zone_id in self.above | self.contact_zones)

    _policyversion = _clause = _benefit = _policy

    def _appropriation(self, row: Any) -> bool:
        return row.zone_id in self.overseen | self.zones[Role.ADMINISTRATOR]

    def _agency(self, row: Any) -> bool:
        return row.zone_id in self.staff or (row.state.value == "listed" and row.zone_id in self.contact_zones)

    def _zone(self, row: Any) -> bool:
        return row.id in self.staff | self.contact_zones

    def _library(self, row: Any) -> bool:
        return row.zone_id in self.staff | self.contact_zones

    _checklisttemplate = _carrier = _library

    def _calendaryear(self, row: Any) -> bool:
        return row.zone_id is None or row.zone_id in self.staff | self.contact_zones | self.above

    def _setting(self, row: Any) -> bool:
        return row.zone_id in self.staff

    _chainlink = _team = _post = _assignment = _setting

    def _department(self, row: Any) -> bool:
        heard_of = (
            duty.department_id
            for case in self.case.values()
            if case.enterprise_id in self.firms
            for duty in self.duties.get(case.id, ())
            if duty.state.value != "returned"
        )
        return row.zone_id in self.staff or row.id in set(heard_of)

    def _enterprise(self, row: Any) -> bool:
        return (
            row.zone_id in self.overseen | self.zones[Role.ADMINISTRATOR]
            or row.id in self.firms
            or (row.companion_id == self.me and row.zone_id in self.zones[Role.COMPANION])
            or any(case.enterprise_id == row.id and self._inside(case) for case in self.case.values())
            or row.id in self._in_charge_of()
            or any(each.enterprise_id == row.id and self._visits(each) for each in self.rows["Visit"])
        )

    def _in_charge_of(self) -> set[UUID]:
        """Enterprises about which there is a row that names the person's department as in charge."""
        kinds = ("Application", "LibraryEntry", "Claim", "VisitDepartment")
        rows = [each for kind in kinds for each in self.rows[kind]]
        return {each.enterprise_id for each in rows if each.department_id in self.departments}

    def _person(self, row: Any) -> bool:
        firms = {each.id for each in self.rows["Enterprise"] if self._enterprise(each)}
        held = [each for each in self.rows["Membership"] if each.person_id == row.id]
        return (
            row.id == self.me
            or (row.enterprise_id is None and row.zone_id in self.staff | self.above)
            or row.enterprise_id in firms
            or any(each.role is not Role.CONTACT and each.zone_id in self.staff for each in held)
            or any(each.enterprise_id in firms for each in held)
            or self._serves_my_firm(row)
        )

    def _serves_my_firm(self, row: Any) -> bool:
        cases = [case for case in self.case.values() if case.enterprise_id in self.firms]
        return (
            any(case.owner_id == row.id for case in cases)
            or any(self.enterprise[firm].companion_id == row.id for firm in self.firms)
            or any(duty.person_id == row.id for case in cases for duty in self.duties.get(case.id, ()))
        )

    def _membership(self, row: Any) -> bool:
        return (
            row.person_id == self.me
            or row.zone_id in self.zones[Role.ADMINISTRATOR] | self.zones[Role.AUDITOR]
        )

    def _entry(self, row: Any) -> bool:
        if row.zone_id in self.zones[Role.LEADER] | self.zones[Role.AUDITOR]:
            return True
        if row.subject_kind == "enterprise":
            firm = self.enterprise[row.subject_id]
            accompanied = firm.companion_id == self.me and firm.zone_id in self.zones[Role.COMPANION]
            administered = row.zone_id in self.overseen | self.zones[Role.ADMINISTRATOR]
            return administered or accompanied or self._entry_about_a_row(row)
        if row.subject_kind == "policy":
            return row.zone_id in self.overseen | self.zones[Role.ADMINISTRATOR]
        if row.subject_kind != "case":
            return row.zone_id in self.zones[Role.ADMINISTRATOR]
        case = self.case[row.subject_id]
        told = row.record_kind in ("case", "problem", "rectification", "attachment") and row.move not in (
            "dispatch",
            "designate",
            "escalate",
            "send_back",
            "cancel",
        )
        return self._inside(case) or (case.enterprise_id in self.firms and told)

    def _entry_about_a_row(self, row: Any) -> bool:
        name = row.record_kind.title().replace("_", "")
        if name == "Enterprise":
            return False
        return self.see(name, next(each for each in self.rows[name] if each.id == row.record_id))

    def _notice(self, row: Any) -> bool:
        return bool(row.person_id == self.me)

    def _webhook(self, row: Any) -> bool:
        return row.zone_id in self.zones[Role.ADMINISTRATOR] | self.zones[Role.AUDITOR]

    _delivery = _webhook


CONTACTS = ("contact", "second contact", "other contact", "contact and liaison")
NO_TOKEN = ("deactivated leader",)
ALIKE = (
    "leader", "auditor", "parent administrator", "other contact", "second contact", "second companion",
    "fallback liaison", "idle liaison", "former dispatcher", "deactivated leader",
)
PARTS = 3


@dataclass
class Made:
    """A database with the region in it, at which several tests look."""

    url: str
    region: Region
    rule: Rule


async def a_making(url: str) -> Made:
    async with opened(url):
        return Made(url, await a_region(), await Rule.read())


@pytest.fixture(scope="session")
async def made_on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("region")
    return await a_making(f"sqlite://{shutil.copy(sqlite_template, folder / 'region.sqlite3')}")


@pytest.fixture(scope="session")
async def made_on_postgres(postgres_server: str, postgres_template: str) -> AsyncIterator[Made]:
    async with postgres.created(postgres_server, postgres_template) as url:
        yield await a_making(url)


@pytest.fixture(params=["sqlite", "postgres"])
def making(request: pytest.FixtureRequest) -> Made:
    found: Made = request.getfixturevalue(f"made_on_{request.param}")
    return found


@pytest.fixture
async def made(making: Made) -> AsyncIterator[Made]:
    """The region, open for the length of the test, which leaves it as it is."""
    async with opened(making.url):
        yield making


@pytest.mark.parametrize("part", range(PARTS))
async def test_everybody_sees_all_they_may_and_nothing_else(made: Made, part: int) -> None:
    """On PostgreSQL of those who see by the same ways only one, in another zone or role: standing is told in Python."""
    region, rule = made.region, made.rule
    people = [each for each in region.people if engine() == "sqlite" or each not in ALIKE][part::PARTS]
    async with served() as http:
        for name, person in ((name, region.people[name]) for name in people):
            walk = Walk(await signed_in(http, person))
            may = rule.seen_by(person)
            ids = one_of_each_sort(rule, may)

            await walk.everywhere([global_id(row) for row in ids.values()])

            if name in NO_TOKEN:
                assert (walk.shown, walk.codes) == (set(), {"SESSION_ENDED"}), name
                continue
            assert walk.codes == set(), name
            assert named(rule, walk.shown - may) == [], f"{name} was shown more"
            assert named(rule, may & set(ids) - walk.opened) == [], f"{name} was refused"
            assert named(rule, may & set(ids) - set(walk.rows)) == [], f"{name} was told nothing of"
            assert_lists_are_whole(rule, may, walk, name)
            assert_numbers_are_of_what_is_seen(may, walk, name)
            if name in CONTACTS:
                assert not any(TALK in said for said in walk.words), name


async def test_nobody_sees_nothing(made: Made) -> None:
    async with served() as http:
        walk = Walk(Client(http))

        await walk.everywhere([global_id(row) for rows in made.rule.rows.values() for row in rows])

    assert (walk.shown, walk.opened, walk.codes) == (set(), set(), {"UNAUTHENTICATED"})


def one_of_each_sort(rule: Rule, may: set[Key]) -> dict[Key, Any]:
    """Every row; but of kinds of which many are alike, and lists show all, one seen and one not of each sort."""
    sorts: dict[tuple[Any, ...], tuple[Key, Any]] = {}
    for kind, rows in rule.rows.items():
        for row in rows:
            alike = [getattr(row, column) for column in SORTS.get(kind, ("id",))]
            sorts[kind, *alike, (kind, row.id) in may] = ((kind, row.id), row)
    return dict(sorts.values())


SORTS = {
    "CalendarYear": ("zone_id",),
    "Entry": ("subject_kind",),
    "Notice": ("person_id",),
    "Delivery": ("zone_id", "state"),
}


def named(rule: Rule, keys: Iterable[Key]) -> list[str]:
    rows = {(kind, row.id): row for kind, rows in rule.rows.items() for row in rows}
    return sorted(f"{key[0]} {getattr(rows[key], 'move', '')} {rows[key]!r}" for key in keys)


def assert_lists_are_whole(rule: Rule, may: set[Key], walk: Walk, name: str) -> None:
    """Every list of every row that opened holds exactly the rows that belong there and may be seen."""
    models = {model.__name__: model for model in NODES}
    for answer in (*walk.rows.values(), *walk.in_full):
        kind, row_id = key(answer["id"])
        for listed, found in answer.items():
            relation = models[kind]._meta.fields_map.get(snake(listed))
            column = "subject_id" if listed == "history" else getattr(relation, "relation_field", None)
            if column is None or not isinstance(found, (list, dict)) or listed in ("moves", "aliases"):
                continue
            other = "Entry" if listed == "history" else relation.related_model.__name__  # type: ignore[union-attr]
            if not (listed == "history" or type(relation).__name__ == "BackwardFKRelation"):
                continue
            nodes = found["nodes"] if isinstance(found, dict) else found
            wanted = {
                global_id(row)
                for row in rule.rows[other]
                if getattr(row, column) == row_id and (other, row.id) in may
            }
            assert {node["id"] for node in nodes} == wanted, f"{name}: {kind}.{listed}"
            if isinstance(found, dict):
                assert found["totalCount"] == len(wanted), f"{name}: {kind}.{listed}"


def assert_numbers_are_of_what_is_seen(may: set[Key], walk: Walk, name: str) -> None:
    counted = {**walk.roots, **walk.roots["viewer"]}
    for listed, kind in {**LISTS, INBOX: "Notice"}.items():
        wanted = {each for each in may if each[0] == kind}
        if listed != "deadLetters":
            assert counted[listed]["totalCount"] == len(walk.lists[listed]) == len(wanted), f"{name}: {listed}"
            assert set(walk.lists[listed]) == wanted, f"{name}: {listed}"
    cases = sum(each[0] == "Case" for each in may)
    counts = walk.roots["caseCounts"]
    assert counts["total"] == cases, name
    for column in ("stages", "states", "categories"):
        assert sum(each["count"] for each in counts[column]) == cases, f"{name}: {column}"


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


OWN = {"signIn", "refreshSession", "signOut", "changePassword"}
OWN |= {"markNoticesRead", "markNoticesUnread", "setNoticeChoice"}
"""A person's own sign-in and inbox are not the zone's business; everything else in the schema is."""


async def test_an_auditor_can_change_nothing(made: Made) -> None:
    rule = made.rule
    before = await dump()
    async with served() as http:
        auditor = await signed_in(http, made.region.people["auditor"])
        for name, declared in mutations().items():
            for given in (
                plausible(name, declared, rule.rows),
                plausible(name, declared, reversed_rows(rule)),
            ):
                if name not in OWN:
                    assert all_refused(await answered(auditor, name, given)), name

    after = await dump()
    del after["session"], before["session"]
    assert after == before


async def answered(client: Client, mutation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    title = mutation[0].upper() + mutation[1:]
    assert SCHEMA.mutation_type
    payload = get_named_type(SCHEMA.mutation_type.fields[mutation].type)
    results = "results { refusals { code message } }" if "results" in payload.fields else ""
    wanted = f"{results} refusals {{ code message }}"
    query = f"mutation($input: {title}Input!) {{ {mutation}(input: $input) {{ {wanted} }} }}"
    found: dict[str, Any] = (await client.ask(query, input=dict(given)))[mutation]
    return found


def all_refused(payload: Mapping[str, Any]) -> bool:
    results = payload.get("results", [])
    return bool(payload["refusals"] or (results and all(each["refusals"] for each in results)))


def reversed_rows(rule: Rule) -> dict[str, list[Any]]:
    return {kind: rows[::-1] for kind, rows in rule.rows.items()}
