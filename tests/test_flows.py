"""What is true of every flow: who may, from where, and that a refusal changes nothing."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import workflows
from domain import clock
from domain.attachments import Attachment
from domain.calendar import shipped
from domain.cases import Case
from domain.chains import ChainLink
from domain.consultations import Consultation
from domain.database import transaction
from domain.departments import Department
from domain.figures import Exclusion
from domain.history import Entry
from domain.people import Membership, Person
from domain.problems import Problem
from domain.records import Record
from domain.rectifications import Rectification
from domain.refusals import Refusal, Refused
from domain.responsibilities import Responsibility
from domain.supervisions import Supervision
from domain.viewers import CLOCK, OPERATOR, Role, Viewer
from domain.webhooks import Webhook
from domain.zones import Setting, rules_of
from tests.claiming import all_sorts_of_claims
from tests.helping import all_sorts_of_help
from tests.profiling import all_sorts_of_profiles
from tests.proofs import everything, moved
from tests.recognising import all_sorts_of_applications
from tests.visiting import all_sorts_of_outcomes, all_sorts_of_visits
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
    fixed,
    the_responsibility,
)
from workflows.changes import subject_of
from workflows.diagrams import flows_page
from workflows.flow import Flow, Move, Situation
from workflows.inputs import fields_of
from workflows.perform import create, perform
from workflows.timetable import FLOWS

A_GUESS = {str: "Wo-xiang-qu-Guilin-7", int: 1}
EVERY_FLOW = pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.record.__name__)


@EVERY_FLOW
def test_every_state_and_every_move_is_reached_from_a_creation(flow: Flow) -> None:
    reached = {move.target for move in flow.moves.values() if not move.source}
    while more := {
        move.target for move in flow.moves.values() if move.target and reached & set(move.source)
    } - reached:
        reached |= more

    assert reached == set(flow.states)
    assert all(set(move.source) <= reached for move in flow.moves.values())


@EVERY_FLOW
def test_every_move_has_its_words_in_both_languages_and_a_name_of_its_own_in_the_api(flow: Flow) -> None:
    assert all(move.zh and move.en for move in flow.moves.values())
    assert flow.zh and flow.en
    names = Counter(each.mutation(move) for each in FLOWS.values() for move in each.moves.values())
    assert [name for name, times in names.items() if name and times > 1] == []


def test_the_page_of_flows_shows_every_move_with_its_refusals() -> None:
    page = flows_page()

    for flow in FLOWS.values():
        assert f"## {flow.zh} {flow.en}" in page
        assert all(f"| `{move.name}` | {move.zh} |" in page for move in flow.moves.values())
    assert "[*] --> collected: 收集" in page
    objections = "`LISTS_OPEN` `NOT_CALLED_BACK` `SUPERVISED_STILL`"
    assert f"| `close` | 销号 | 待核验 | 已销号 | 本件企业伴员、分办员 | {objections} |" in page


def test_every_refusal_of_the_flows_is_asserted_by_a_test() -> None:
    tests = "\n".join(file.read_text() for file in Path(__file__).parent.glob("*.py"))
    modules = [importlib.import_module(f"workflows.{each.name}") for each in pkgutil.iter_modules(workflows.__path__)]
    codes = {each.code for module in modules for each in vars(module).values() if type(each) is Refusal}

    assert sorted(code for code in codes if not re.search(rf'"{code}"', tests)) == []


async def test_what_may_be_done_next_is_what_can_be_done(database: str) -> None:
    world = await a_world()
    records = await a_record_in_every_state(world)
    viewers = await everyone(world)

    for record in records:
        for viewer in viewers:
            await moves_agree(world, record, viewer)


async def test_a_refused_move_changes_nothing_at_all(database: str) -> None:
    world = await a_world()
    records = await a_record_in_every_state(world)
    viewers = [await world.viewer(each) for each in (world.dispatcher, world.land_liaison, world.contact)]
    attempts = [
        (record, move, await the_input(world, record, move))
        for record in records for move in FLOWS[type(record)].moves.values() if move.source
    ]
    before = await everything()

    codes = [await refusal_of(*attempt[:2], viewer, attempt[2]) for attempt in attempts for viewer in viewers]

    assert Counter(codes)["NOT_NOW"] > 300
    assert Counter(codes)["NOT_ALLOWED"] > 30
    assert await everything() == before


async def test_a_move_made_by_the_rules_alone_can_be_asked_for_by_nobody(database: str) -> None:
    world = await a_world()
    viewers = await everyone(world)

    for record in await a_record_in_every_state(world):
        for move in FLOWS[type(record)].moves.values():
            if move.source and not move.who and record.state in move.source:  # type: ignore[attr-defined]
                codes = [await refusal_of(record, move, viewer, {}) for viewer in viewers]
                assert set(codes) <= {"NOT_ALLOWED", "NOT_FOUND"}, move.name


async def moves_agree(world: World, record: Record, viewer: Viewer) -> None:
    """`moves` as the API shows them, against making each of them."""
    flow = FLOWS[type(record)]
    if not await type(record).seen_by(viewer).filter(id=record.id).exists():
        moves = [each for each in flow.moves.values() if each.source]
        assert [await refusal_of(record, each, viewer, {}) for each in moves[:1]] in ([], ["NOT_FOUND"])
        return
    for standing in flow.open_moves(await situation(record, viewer)):
        given = await the_input(world, record, standing.move)
        async with undone():
            told = await refusal_of(record, standing.move, viewer, given, keep=True)
            # Outside the lists of a case, what is given here at a guess may be objected to.
            guessed = standing.refusal is None and record.subject != "case" and not isinstance(record, Case)
            if not guessed or told in ("NOT_NOW", "NOT_ALLOWED"):
                assert told == (standing.refusal and standing.refusal.code), f"{flow.en}: {standing.move.name}"
            if told is None:
                await one_entry_each(record, standing.move)


async def one_entry_each(record: Record, move: Move) -> None:
    """The latest change left one entry for every record it moved, and that of the move asked for among them."""
    last = (await Entry.filter(record_id=record.id).order_by("-id").limit(1))[0]
    together = await Entry.filter(subject_id=last.subject_id, at=last.at)
    assert max(Counter(each.record_id for each in together).values()) == 1
    assert (last.move, last.target) == (move.name, (move.target or record.state).value)  # type: ignore[attr-defined]


@asynccontextmanager
async def undone() -> AsyncIterator[None]:
    """Whatever is done in the block is rolled back at its end."""
    with suppress(Undo):
        async with transaction():
            yield
            raise Undo


class Undo(Exception):
    pass


async def refusal_of(
    record: Record, move: Move, viewer: Viewer, given: dict[str, Any], *, keep: bool = False
) -> str | None:
    """The code by which a viewer's move is refused; None when it is made. What is made is rolled back, unless kept."""
    try:
        if keep:
            await perform(viewer, type(record), record.id, move.name, **given)
        else:
            async with transaction():
                await perform(viewer, type(record), record.id, move.name, **given)
                raise Undo
    except Refused as refused:
        return refused.refusals[0].code
    except Undo:
        pass
    return None


async def situation(record: Record, viewer: Viewer) -> Situation:
    model, key = subject_of(record)
    subject = await model.get(id=key)
    at = clock.now()
    rules = await rules_of(getattr(subject, "zone_id", subject.id), at.date())
    return Situation(record, subject, viewer, rules, shipped(), at)


async def everyone(world: World) -> list[Viewer]:
    elsewhere = await a_world("GZ")
    persons = [
        world.companion, world.dispatcher, world.leader, world.auditor, world.administrator, world.land_liaison,
        world.housing_liaison, world.fallback_liaison, world.contact, elsewhere.dispatcher, elsewhere.contact,
    ]
    return [OPERATOR, CLOCK, *[await world.viewer(each) for each in persons]]


async def a_record_in_every_state(world: World) -> list[Record]:
    """One record of every kind in every state of its flow, within a case in every state it can be met in."""
    await all_sorts_of_cases(world)
    found: dict[tuple[Any, ...], Record] = {}
    for model in FLOWS:
        for record in await model.all():
            case_id = getattr(record, "case_id", None)
            case = await Case.get(id=case_id) if case_id else None
            found[model, record.state, case and case.state] = record  # type: ignore[attr-defined]
    states = {(model, state) for model, flow in FLOWS.items() for state in flow.states}
    assert states - {key[:2] for key in found} == set()
    return list(found.values())


async def all_sorts_of_cases(world: World) -> None:
    owner, dispatcher = await world.viewer(world.companion), await world.viewer(world.dispatcher)
    land, housing = await world.viewer(world.land_liaison), await world.viewer(world.housing_liaison)
    await a_case(world)
    assigning = await a_dispatched_case(world, world.land, world.housing)
    await fixed(world, await the_responsibility(assigning, world.land), world.land_liaison)
    duty = await the_responsibility(assigning, world.housing)
    await perform(housing, Responsibility, duty.id, "return", reason="非我局职责", basis="三定方案第5条")
    await perform(dispatcher, Case, assigning.id, "dispatch", offers=[{"department": world.fallback, "part": "joint"}])
    signed = await a_dispatched_case(world, world.land)
    await perform(land, Responsibility, (await the_responsibility(signed)).id, "sign")
    handled = await a_handled_case(world)
    await an_attachment(owner, handled)
    struck = await an_attachment(owner, handled)
    await perform(owner, Attachment, struck.id, "remove", reason="传错")
    started = await Rectification.get(case_id=handled.id)
    await perform(land, Rectification, started.id, "start")
    await an_attachment(land, handled, rectification=started)
    await perform(dispatcher, Case, (await a_handled_case(world)).id, "pause", reason="等上级批复")
    reported = await a_reported_case(world)
    await create(
        owner, Consultation, "record", within=reported, held_on=clock.today().date(), place="政务中心",
        parties="银行、法院", outcome="同意",
    )
    for moves in ((), ("answer",), ("answer", "accept"), ("lift",)):
        asked = await create(dispatcher, Supervision, "order", within=handled, department=world.land, demand="进展")
        for move in moves:
            given: dict[str, Any] = {"answer": {"answer": "已批复"}, "lift": {"reason": "已有进展"}}.get(move, {})
            await perform(land if move == "answer" else dispatcher, Supervision, asked.id, move, **given)
    await create(dispatcher, Exclusion, "exclude", within=reported, figure="on_time", reason="等上级批复")
    lifted = await create(dispatcher, Exclusion, "exclude", within=reported, reason="重复登记")
    await perform(dispatcher, Exclusion, lifted.id, "lift", reason="登记有误")
    await a_closed_case(world)
    await perform(dispatcher, Case, (await a_case(world)).id, "decline", reason="非区内事项", basis="示例依据")
    await perform(owner, Case, (await a_handled_case(world)).id, "withdraw", reason="企业另有安排")
    await perform(dispatcher, Case, (await a_case(world)).id, "merge", into=handled, reason="同一事项")
    await people_and_rules(world)
    await all_sorts_of_applications(world)
    await all_sorts_of_claims(world)
    await all_sorts_of_visits(world)
    await all_sorts_of_outcomes(world)
    await all_sorts_of_profiles(world)
    await all_sorts_of_help(world)


async def people_and_rules(world: World) -> None:
    administrator = await world.viewer(world.administrator)
    gone = await a_person(world.zone, "GL离任者", Role.COMPANION)
    held = await Membership.get(person_id=gone.id)
    await perform(administrator, Membership, held.id, "revoke", reason="调离")
    await perform(administrator, Person, gone.id, "deactivate", reason="调离")
    former = await a_person(world.zone, "GL前联系人", enterprise=world.enterprise)
    await moved(world, world.administrator, former, "erase", basis="个人信息保护法第四十七条", reason="本人申请")
    tomorrow = clock.today().date() + timedelta(days=1)
    await create(
        administrator, Setting, "set", within=world.zone, name="evidence_files", value="1", holds_from=tomorrow,
        source="示例",
    )
    await create(administrator, ChainLink, "add", within=world.zone, level=1, title="园区专员", person=world.leader)
    await perform(administrator, Webhook, (await a_webhook(world.zone)).id, "pause", reason="调试")
    await perform(administrator, Webhook, (await a_webhook(world.zone)).id, "remove", reason="停用")
    await a_webhook(world.zone)


async def an_attachment(viewer: Viewer, case: Case, **given: Any) -> Attachment:
    given = {"file_name": "批文.pdf", "content_type": "application/pdf", "size": 3, "sha256": "0" * 64, **given}
    return await create(viewer, Attachment, "attach", within=case, store_key="示例", **given)


async def the_input(world: World, record: Any, move: Move) -> dict[str, Any]:
    """What a move may be given so that only its rules can stand against it."""
    later = clock.today().date() + timedelta(days=30)
    name = f"{type(record).__name__}.{move.name}"
    match name:
        case "Case.edit":
            return {"title": "改题"}
        case "Case.solve_on_site":
            return {"result": "当场办结", "satisfaction": "satisfied"}
        case "Case.decline" | "Responsibility.return":
            return {"reason": "理由", "basis": "依据"}
        case "Case.merge":
            return {"into": await a_case_to_merge_into(world, record), "reason": "同一事项"}
        case "Case.hand_over":
            return {"companion": await another_companion(world), "reason": "轮岗"}
        case "Case.dispatch":
            return {"offers": [{"department": await a_free_department(world), "part": "joint"}]}
        case "Case.designate":
            return {"department": await a_free_department(world), "part": "joint", "reason": "指定"}
        case "Case.reopen":
            return {"reason": "未解决", "problems": await Problem.filter(case_id=record.id)}
        case "Problem.edit":
            return {"description": "改述"}
        case "Problem.clear" | "Problem.solve":
            return {"resolution": "已解决"}
        case "Responsibility.fix":
            return {"person": await its_liaison(record), "due_on": later, "measures": ["踏勘"]}
        case "Responsibility.reassign_person":
            return {"person": await its_liaison(record), "reason": "轮岗"}
        case "Responsibility.ask_extension":
            return {"due_on": later, "reason": "等批复"}
        case "Responsibility.shift":
            return {"days": 1}
        case "Rectification.edit":
            return {"measure": "改措施"}
        case "Rectification.submit":
            return {"result": "已办"}
        case "Enterprise.edit" | "Department.edit":
            return {"name": "改名"}
        case "Enterprise.assign_companion":
            return {"companion": await another_companion(world), "reason": "轮岗"}
        case "ChainLink.fill":
            return {"title": "改称", "person": world.leader}
        case _:
            return {field.name: A_GUESS.get(field.kind) for field in fields_of(move.input) if field.required}


async def its_liaison(duty: Responsibility) -> Person:
    return (await Membership.get(department_id=duty.department_id, role=Role.LIAISON).select_related("person")).person


async def another_companion(world: World) -> Person:
    return await Person.get_or_none(name="GL伴员02") or await a_person(world.zone, "GL伴员02", Role.COMPANION)


async def a_free_department(world: World) -> Department:
    department = await Department.get_or_none(name="金融办", zone_id=world.zone.id)
    return department or await create(OPERATOR, Department, "create", zone=world.zone, name="金融办")


async def a_case_to_merge_into(world: World, record: Case) -> Case:
    return (await Case.filter(state="collected", enterprise_id=world.enterprise.id).exclude(id=record.id).limit(1) or [
        await a_case(world)
    ])[0]
