"""A small zone to try things in: departments, officers, an enterprise; made through the service's own moves."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, database
from domain.cases import Case
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.people import Membership, Person, viewer_of
from domain.problems import Problem
from domain.rectifications import Rectification
from domain.responsibilities import Part, Responsibility
from domain.timers import Timer
from domain.viewers import OPERATOR, Role, Viewer
from domain.webhooks import Format, Webhook
from domain.zones import Zone
from tests import recorded
from workflows.perform import create, perform
from workflows.timers import fire_next
from workflows.timetable import FLOWS as FLOWS


@dataclass
class World:
    zone: Zone
    land: Department
    housing: Department
    fallback: Department
    enterprise: Enterprise
    companion: Person
    dispatcher: Person
    leader: Person
    auditor: Person
    administrator: Person
    land_liaison: Person
    housing_liaison: Person
    fallback_liaison: Person
    contact: Person

    async def viewer(self, person: Person) -> Viewer:
        return await viewer_of(person.id, clock.now())


async def a_zone(code: str = "GL", parent: Zone | None = None) -> Zone:
    return await create(OPERATOR, Zone, "found", code=code, name=f"{code}高新区", parent=parent)


async def a_department(zone: Zone, name: str, **given: Any) -> Department:
    return await create(OPERATOR, Department, "create", zone=zone, name=name, **given)


async def a_person(zone: Zone, name: str, *roles: Role, **given: Any) -> Person:
    person = await create(OPERATOR, Person, "create", zone=zone, name=name, **given)
    for role in roles:
        await create(
            OPERATOR, Membership, "grant", within=person, role=role, zone=zone,
            department=given.get("department"), enterprise=given.get("enterprise"),
        )
    return person


async def a_world(code: str = "GL", parent: Zone | None = None) -> World:
    """A world of its own; the first of a database whose clock runs is one recorded before, of long ago."""
    if code != "GL" or clock._stopped or await Zone.exists():
        return await _made(code, parent)
    if database.engine() not in recorded.kept:
        before = await recorded.entries()
        with clock.stopped(recorded.FOUNDED):
            await recorded.record(await _made(code, None), before)
        return copied(recorded.kept[database.engine()][1])
    return copied(await recorded.write())


def copied(world: Any) -> World:
    """With records of its own, as a test may change them."""
    return World(**{each.name: copy(getattr(world, each.name)) for each in fields(World)})


async def _made(code: str, parent: Zone | None) -> World:
    zone = await a_zone(code, parent)
    land = await a_department(zone, "自然资源局", aliases=["自规局"])
    housing = await a_department(zone, "住建局", aliases=["区住房和城乡建设局"])
    fallback = await a_department(zone, "企业服务中心", is_fallback=True)
    companion = await a_person(zone, f"{code}伴员01", Role.COMPANION, department=fallback)
    enterprise = await create(
        OPERATOR, Enterprise, "create", zone=zone, name=f"示例·{code}·001", synthetic=True, companion=companion
    )
    return World(
        zone=zone, land=land, housing=housing, fallback=fallback, enterprise=enterprise, companion=companion,
        dispatcher=await a_person(zone, f"{code}分办员", Role.DISPATCHER),
        leader=await a_person(zone, f"{code}领导", Role.LEADER),
        auditor=await a_person(zone, f"{code}审计员", Role.AUDITOR),
        administrator=await a_person(zone, f"{code}管理员", Role.ADMINISTRATOR),
        land_liaison=await a_person(zone, f"{code}自然资源联络员", Role.LIAISON, department=land),
        housing_liaison=await a_person(zone, f"{code}住建联络员", Role.LIAISON, department=housing),
        fallback_liaison=await a_person(zone, f"{code}兜底联络员", Role.LIAISON, department=fallback),
        contact=await a_person(zone, f"{code}企业联系人", Role.CONTACT, enterprise=enterprise),
    )


async def a_webhook(zone: Zone, url: str = "https://1.1.1.1/hook", **given: Any) -> Webhook:
    """A webhook of a zone; nobody is called before something is delivered."""
    given = {"name": "示例群", "format": Format.WECOM, **given}
    return await create(OPERATOR, Webhook, "add", within=zone, url=url, **given)


async def a_case(world: World, **given: Any) -> Case:
    """A case just collected by its companion, with one problem unless told otherwise."""
    given = {"title": "二期用地未获批", "problems": [{"description": "扩建用地仍未获批"}], **given}
    viewer = await world.viewer(world.companion)
    return await create(viewer, Case, "collect", enterprise=world.enterprise, **given)


async def a_dispatched_case(world: World, *departments: Department, **given: Any) -> Case:
    """A case offered to departments, the first of which leads."""
    case = await a_case(world, **given)
    await perform(await world.viewer(world.companion), Case, case.id, "submit")
    offers = [
        {"department": department, "part": Part.JOINT if index else Part.LEAD}
        for index, department in enumerate(departments or (world.land,))
    ]
    return await perform(await world.viewer(world.dispatcher), Case, case.id, "dispatch", offers=offers)


async def the_responsibility(case: Case, department: Department | None = None) -> Responsibility:
    found = Responsibility.filter(case_id=case.id)
    return await (found.filter(department_id=department.id) if department else found).order_by("-id").first()  # type: ignore[return-value]


async def fixed(world: World, duty: Responsibility, liaison: Person, *measures: str) -> Responsibility:
    viewer = await world.viewer(liaison)
    if duty.signed_at is None:
        await perform(viewer, Responsibility, duty.id, "sign")
    return await perform(
        viewer, Responsibility, duty.id, "fix", person=liaison,
        due_on=(clock.today() + timedelta(days=20)).date(), measures=list(measures or ("现场踏勘并报批",)),
    )


async def a_handled_case(world: World) -> Case:
    """A case whose one responsibility is fixed, so that handling has begun."""
    case = await a_dispatched_case(world, world.land)
    await fixed(world, await the_responsibility(case), world.land_liaison)
    return await Case.get(id=case.id)


async def a_reported_case(world: World) -> Case:
    case = await a_handled_case(world)
    liaison = await world.viewer(world.land_liaison)
    for measure in await Rectification.filter(case_id=case.id):
        await perform(liaison, Rectification, measure.id, "submit", result="已批复")
    return await perform(await world.viewer(world.companion), Case, case.id, "report")


async def a_closed_case(world: World) -> Case:
    case = await a_reported_case(world)
    owner = await world.viewer(world.companion)
    for measure in await Rectification.filter(case_id=case.id):
        await perform(owner, Rectification, measure.id, "verify")
    for problem in await Problem.filter(case_id=case.id):
        await perform(owner, Problem, problem.id, "clear", resolution="用地已批复")
    await perform(owner, Case, case.id, "call_back", satisfaction="satisfied")
    return await perform(owner, Case, case.id, "close")


async def the_clock_acts() -> list[str]:
    """Fire every timer that is due, and name the moves made, in order."""
    held: set[UUID] = set()
    before = {timer.id: timer.fired_at for timer in await Timer.all()}
    while await fire_next(held):
        pass
    fired = await Timer.filter(fired_at__not_isnull=True, refusal=None).order_by("fired_at", "due_at")
    return [timer.move for timer in fired if before.get(timer.id) != timer.fired_at]
