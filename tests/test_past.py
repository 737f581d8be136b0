"""The past is kept whole: whatever moves whatever record, every field answers again what it answered then."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import orjson
from graphql import GraphQLField, parse

from api.as_of import answering
from api.context import Context
from api.nodes import NODES, global_id
from api.plans import plan
from api.schema import schema
from api.selections import Unplannable
from domain import clock
from domain.calendar.rows import CalendarYear
from domain.cases import Case, Satisfaction
from domain.chains import ChainLink
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.figures import Exclusion
from domain.people import Membership, Person, viewer_of
from domain.refusals import Refused
from domain.responsibilities import Responsibility
from domain.supervisions import Supervision
from domain.viewers import OPERATOR, Role, Viewer
from domain.zones import Setting, Zone
from tests.test_random_moves import Walk, everyone, founded
from tests.walk import NODE_TYPES, SCHEMA, asked, selection
from tests.world import a_person, a_webhook, the_clock_acts
from workflows.erasure import ERASED
from workflows.perform import create, perform
from workflows.replay import replay

STEPS = 40
KINDS = (Case, Person, Zone, CalendarYear, Department, Enterprise, Membership, Setting, Supervision, Responsibility)
NOT_THEN = {"moves", "url"}
"""What an answer about the past does not have, or has for the moment of asking alone."""


def questions() -> dict[str, str]:
    """Every field of Query that takes `asOf` and needs nothing else, with all that is one step from its rows."""
    assert SCHEMA.query_type
    found = {}
    for name, declared in SCHEMA.query_type.fields.items():
        needed = {key for key, each in declared.args.items() if str(each.type).endswith("!") and key != "first"}
        if "asOf" in declared.args and needed <= {"orderBy", "by"}:
            found[name] = f"query($at: DateTime) {{ {of_then(name, declared)} }}"
    for by in ("ZONE", "DEPARTMENT", "OFFICER", "MONTH"):
        found[f"figures by {by}"] = found["figures"].replace("asOf: $at", f"by: {by}, asOf: $at")
    for light in ("GREEN", "YELLOW", "RED", "GREY"):
        lit = f"filter: {{light: [{light}]}}, asOf: $at"
        found[f"cases {light}"] = f"query($at: DateTime) {{ cases({lit}) {{ totalCount nodes {{ id light }} }} }}"
        found[f"duties {light}"] = found[f"cases {light}"].replace("cases", "responsibilities")
    return found


def of_then(name: str, declared: GraphQLField) -> str:
    call = asked(name, declared, 1, 25)
    head, bracket, rest = call.partition("(")
    return f"{name}(asOf: $at, {rest}" if bracket and head == name else call.replace(name, f"{name}(asOf: $at)", 1)


IN_FULL = {
    kind.__name__: f"query($id: ID!, $at: DateTime) {{ node(id: $id, asOf: $at) {{ ... on {kind.__name__} "
    f"{{ {selection(NODE_TYPES[kind.__name__], 1, 25)} }} }} }}"
    for kind in NODES.values() if kind.__name__ not in ("Delivery", "Webhook")
}
SEERS = "query($id: ID!, $at: DateTime) { whoCouldSee(id: $id, asOf: $at) { persons { id } endCursor } }"


@dataclass
class Told:
    """What somebody was told at an instant."""

    at: datetime
    viewer: Viewer
    query: str
    given: dict[str, Any]
    answer: Any


async def answer(viewer: Viewer, query: str, **variables: Any) -> Any:
    """What the executor answers; a plan, where one can be made, answers the same."""
    context = Context(viewer, "zh", "")
    async with answering(schema, query, None, variables, context):
        told = await schema.execute(query, variables, context_value=context)
        assert not told.errors, (query, told.errors)
        with suppress(Unplannable):
            planned = await plan(schema, parse(query), None, variables, context).answer(context)
            assert orjson.loads(orjson.dumps(planned)) == orjson.loads(orjson.dumps(told.data, default=str)), query
    return without(orjson.loads(orjson.dumps(told.data, default=str)))


def without(told: Any) -> Any:
    match told:
        case dict():
            return {name: without(each) for name, each in told.items() if name not in NOT_THEN}
        case list():
            return [without(each) for each in told]
        case _:
            return told


def differences(told: Any, again: Any, path: str = "") -> list[str]:
    """Where two answers differ, but for what the law had erased since."""
    if isinstance(told, dict) and isinstance(again, dict) and told.keys() == again.keys():
        return [each for name in told for each in differences(told[name], again[name], f"{path}.{name}")]
    if isinstance(told, list) and isinstance(again, list) and len(told) == len(again):
        pairs = enumerate(zip(told, again, strict=True))
        return [each for n, (one, other) in pairs for each in differences(one, other, f"{path}[{n}]")]
    return [] if told == again or again == ERASED else [f"{path}: {told!r} ≠ {again!r}"]


class Office(Walk):
    """All that an office does: cases, and what they stand on."""

    async def step(self) -> bool:
        if self.random.random() < 0.6:
            return await super().step()
        with suppress(Refused):
            done = self.random.choice(ACTS)
            await done(self)
            self.made[done.__name__] += 1
            return True
        return False

    async def admin(self) -> Viewer:
        return await self.world.viewer(self.world.administrator)

    async def any(self, model: Any, **filter: Any) -> Any:
        return self.random.choice(await model.filter(**filter).order_by("id"))


async def the_clock(office: Office) -> None:
    await the_clock_acts()


async def a_rule(office: Office) -> None:
    name, value = office.random.choice((
        ("sign", "2wd"), ("handle", "20wd"), ("warn_before", "3wd"), ("fix", "1wd"), ("first_contact", "8wh"),
        ("dispatch", "none"), ("fairly_is_satisfied", "false"), ("office_hours", "08:30-12:00,14:00-17:30"),
    ))
    await create(
        await office.admin(), Setting, "set", within=office.world.zone, name=name, value=value,
        holds_from=clock.today().date() + timedelta(days=office.random.choice((0, 0, 1, 5))), source="通知",
    )


async def a_role(office: Office) -> None:
    person = await a_person(office.world.zone, f"新人{office.random.random()}", department=office.world.land)
    role = office.random.choice((Role.COMPANION, Role.LIAISON, Role.DISPATCHER, Role.AUDITOR))
    await create(
        await office.admin(), Membership, "grant", within=person, role=role, zone=office.world.zone,
        department=office.world.land if role is Role.LIAISON else None,
    )


async def a_role_less(office: Office) -> None:
    held = await office.any(Membership, state="held", person__name__startswith="新人")
    await perform(await office.admin(), Membership, held.id, "revoke", reason="轮岗")


async def a_person_gone(office: Office) -> None:
    person = await office.any(Person, name__startswith="新人")
    move = "deactivate" if person.state.value == "active" else "reactivate"
    await perform(await office.admin(), Person, person.id, move, reason="调离")


async def a_contact_erased(office: Office) -> None:
    person = await a_person(
        office.world.zone, f"联系人{office.random.random()}", Role.CONTACT, enterprise=office.world.enterprise
    )
    if office.random.random() < 0.5:
        await perform(await office.admin(), Person, person.id, "erase", basis="个人信息保护法", reason="本人要求")


async def a_firm(office: Office) -> None:
    await create(
        OPERATOR, Enterprise, "create", zone=office.world.zone, name=f"企业{office.random.random()}", synthetic=True,
        companion=office.world.companion,
    )


async def a_firm_edited(office: Office) -> None:
    firm = await office.any(Enterprise)
    await perform(
        await office.admin(), Enterprise, firm.id, "edit", name=f"改名{office.random.random()}", above_scale=True
    )


async def another_companion(office: Office) -> None:
    companions = await Membership.filter(role=Role.COMPANION, state="held").values_list("person_id", flat=True)
    firm = await office.any(Enterprise)
    await perform(
        await office.admin(), Enterprise, firm.id, "assign_companion", reason="轮岗",
        companion=office.random.choice(sorted(companions)),
    )


async def handed_over(office: Office) -> None:
    companions = await Membership.filter(role=Role.COMPANION, state="held").values_list("person_id", flat=True)
    case = await office.any(Case)
    await perform(
        await office.world.viewer(office.world.dispatcher), Case, case.id, "hand_over", reason="轮岗",
        companion=office.random.choice(sorted(companions)),
    )


async def a_department(office: Office) -> None:
    department = await office.any(Department)
    await perform(
        await office.admin(), Department, department.id, "edit", name=f"{department.name[:3]}{office.random.random()}"
    )


async def a_year(office: Office) -> None:
    text = "2027-01-01,holiday,元旦\n2027-02-06,holiday,春节\n2027-02-07,make_up,春节"
    await create(OPERATOR, CalendarYear, "publish", year=2027, text=text, source="通知")


async def a_day_corrected(office: Office) -> None:
    year = await CalendarYear.get(year=2026, zone_id=None)
    day = date(2026, 3, 1) + timedelta(days=office.random.randint(0, 60))
    kind = office.random.choice(("holiday", "make_up"))
    await perform(
        OPERATOR, CalendarYear, year.id, "correct", days=[{"day": day, "kind": kind, "name": "调整"}],
        source="更正", all_confirmed=office.random.random() < 0.7,
    )


async def a_level(office: Office) -> None:
    if link := await ChainLink.all().first():
        await perform(await office.admin(), ChainLink, link.id, "fill", title="区长", person=office.world.leader)
    else:
        await create(await office.admin(), ChainLink, "add", within=office.world.zone, level=1, title="科长")


async def a_demand(office: Office) -> None:
    leader, case = await office.world.viewer(office.world.leader), await office.any(Case)
    await create(
        leader, Supervision, "order", within=case, demand="请说明", person=office.world.companion,
    )


async def a_demand_moved(office: Office) -> None:
    demand = await office.any(Supervision)
    leader, owner = await office.world.viewer(office.world.leader), await office.world.viewer(office.world.companion)
    move = office.random.choice(("answer", "accept", "send_back", "lift"))
    given: dict[str, Any] = {"answer": {"answer": "已办"}, "accept": {}}.get(move, {"reason": "不实"})
    await perform(owner if move == "answer" else leader, Supervision, demand.id, move, **given)


async def left_out(office: Office) -> None:
    leader, case = await office.world.viewer(office.world.leader), await office.any(Case)
    figure = office.random.choice(("every", "response"))
    await create(leader, Exclusion, "exclude", within=case, reason="重复", figure=figure)


async def let_in(office: Office) -> None:
    held = await office.any(Exclusion)
    await perform(await office.world.viewer(office.world.leader), Exclusion, held.id, "lift", reason="误剔")


async def a_hook(office: Office) -> None:
    await a_webhook(office.world.zone)


async def a_longer_day(office: Office) -> None:
    duty = await office.any(Responsibility, state="fixed")
    liaison = await office.world.viewer(office.world.land_liaison)
    await perform(
        liaison, Responsibility, duty.id, "ask_extension", reason="材料未齐",
        until=clock.today().date() + timedelta(days=45),
    )
    await perform(await office.world.viewer(office.world.leader), Responsibility, duty.id, "grant_extension")


async def called_back(office: Office) -> None:
    case = await office.any(Case, state="checking")
    await perform(
        await office.world.viewer(office.world.companion), Case, case.id, "call_back",
        satisfaction=office.random.choice(list(Satisfaction)),
    )


async def closed(office: Office) -> None:
    case = await office.any(Case, state="checking")
    await perform(await office.world.viewer(office.world.companion), Case, case.id, "close")


async def first_contact(office: Office) -> None:
    case = await office.any(Case, state="collected")
    await perform(await office.world.viewer(office.world.companion), Case, case.id, "contact")


ACTS = (
    the_clock, the_clock, the_clock, a_rule, a_rule, a_role, a_role_less, a_person_gone, a_contact_erased, a_firm,
    a_firm_edited,
    another_companion, handed_over, a_department, a_year, a_day_corrected, a_day_corrected, a_level, a_demand,
    a_demand_moved, a_demand_moved, left_out, let_in, a_hook, a_longer_day, called_back, closed, first_contact,
)


async def test_every_field_answers_again_what_it_answered_then_whatever_was_moved(database: str) -> None:
    world, at = await founded()
    office = Office(world, Random(20261128), await everyone(world))
    readers = [each for each in vars(world).values() if isinstance(each, Person)]
    every, told = list(questions().values()), list[Told]()

    for step in range(STEPS):
        at += timedelta(minutes=office.random.choice((1, 10, 200, 600, 3_000)))
        with clock.stopped(at), suppress(IndexError):  # where there is none of what was to be moved
            await office.step()
        # At the very instant of the move, or a little later.
        asked_at = at + timedelta(seconds=office.random.choice((0, 7)))
        with clock.stopped(asked_at):
            viewer = await world.viewer(office.random.choice(readers))
            told.append(await asking(asked_at, viewer, office.random.choice(every), {}))
            row = (await office.random.choice(KINDS).all().order_by("-id").first()) or world.zone
            told.append(await asking(asked_at, viewer, IN_FULL[type(row).__name__], {"id": str(global_id(row))}))
            if step % 10 == 0:
                case = {"id": str(global_id(await office.any(Case)))}
                told.append(await asking(asked_at, await world.viewer(world.leader), SEERS, case))

    with clock.stopped(at + timedelta(days=3)):
        for each in told:
            viewer = await viewer_of(each.viewer.person_id, clock.now())
            again = await answer(viewer, each.query, **each.given, at=each.at.isoformat())
            assert differences(each.answer, again) == [], (each.at, each.viewer, each.query)
    assert [each async for each in replay()] == []
    assert len(office.made) > STEPS / 6, office.made


async def asking(at: datetime, viewer: Viewer, query: str, given: dict[str, Any]) -> Told:
    return Told(at, viewer, query, given, await answer(viewer, query, **given))
