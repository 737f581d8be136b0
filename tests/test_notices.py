"""Who is told of what: those concerned, nobody who may not see it, nothing of what never happened."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import clock
from domain.cases import Case
from domain.history import Entry
from domain.notices import Notice
from domain.people import Person
from domain.records import Record
from domain.responsibilities import Responsibility
from domain.viewers import CLOCK, OPERATOR, Role
from tests.graphql import Client, served, signed_in
from tests.proofs import moved, refused
from tests.test_flows import all_sorts_of_cases
from tests.test_sight import a_region
from tests.world import (
    a_case,
    a_closed_case,
    a_department,
    a_dispatched_case,
    a_handled_case,
    a_person,
    a_world,
    a_zone,
    the_responsibility,
)
from workflows.audiences import CONTACTS, ITS_CONTACTS
from workflows.changes import subject_of
from workflows.notices import choose, forget_notices
from workflows.perform import changing, create, perform
from workflows.timetable import FLOWS


async def told_of(record: Record, move: str) -> dict[str, bool]:
    """Who was told of the last such move of a record; True where something is asked of them."""
    entry = await Entry.filter(record_id=record.id, move=move).order_by("-sequence").first()
    assert entry
    names = {person.id: person.name for person in await Person.all()}
    return {names[each.person_id]: each.asked for each in await Notice.filter(entry_id=entry.id)}


async def inbox(person: Person) -> list[tuple[str, bool]]:
    return [(each.move, each.asked) for each in await Notice.filter(person_id=person.id).order_by("id")]


async def test_a_department_is_asked_and_the_owner_told_when_a_case_is_dispatched(database: str) -> None:
    world = await a_world()

    case = await a_dispatched_case(world, world.land)

    assert await told_of(await the_responsibility(case), "offer") == {"GL自然资源联络员": True}
    assert await told_of(case, "dispatch") == {"GL伴员01": False}


async def test_a_returned_case_is_up_to_the_dispatchers_again(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    await moved(world, world.land_liaison, duty, "return", reason="非我局职责", basis="三定方案")

    assert await told_of(duty, "return") == {"GL分办员": True, "GL伴员01": False}


async def test_what_lapses_is_told_to_the_department_and_the_owner(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    with clock.stopped(duty.return_by + timedelta(minutes=1)):
        await perform(CLOCK, Responsibility, duty.id, "sign_by_lapse")

    assert await told_of(duty, "sign_by_lapse") == {"GL自然资源联络员": True, "GL伴员01": False}


async def test_an_extension_is_up_to_the_dispatchers_and_its_answer_reaches_who_asked(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_handled_case(world))
    later = (clock.today() + timedelta(days=27)).date()

    await moved(world, world.land_liaison, duty, "ask_extension", due_on=later, reason="等批复")
    await moved(world, world.leader, duty, "grant_extension")

    assert await told_of(duty, "ask_extension") == {"GL分办员": True, "GL领导": False, "GL伴员01": False}
    assert await told_of(duty, "grant_extension") == {"GL自然资源联络员": False, "GL伴员01": False}


async def test_the_enterprise_hears_the_course_of_its_case_and_its_end(database: str) -> None:
    world = await a_world()

    await a_closed_case(world)

    told = [move for move, _ in await inbox(world.contact)]
    assert told == ["submit", "begin", "report", "clear", "call_back", "close"]


async def test_the_person_named_as_responsible_is_asked_and_so_is_their_successor(database: str) -> None:
    world = await a_world()
    colleague = await a_person(world.zone, "GL自然资源联络员02", Role.LIAISON, department=world.land)
    duty = await the_responsibility(await a_dispatched_case(world, world.land))
    await moved(world, world.land_liaison, duty, "sign")
    due_on = (clock.today() + timedelta(days=20)).date()

    await moved(world, world.land_liaison, duty, "fix", person=colleague, due_on=due_on, measures=["踏勘"])
    await moved(world, colleague, duty, "reassign_person", person=world.land_liaison, reason="轮岗")

    assert await told_of(duty, "fix") == {"GL自然资源联络员02": True, "GL伴员01": False}
    assert await told_of(duty, "reassign_person") == {"GL自然资源联络员": True, "GL伴员01": False}


async def test_what_a_move_brings_about_is_not_told_twice(database: str) -> None:
    world = await a_world()
    case = await a_handled_case(world)

    await moved(world, world.companion, case, "withdraw", reason="企业另有安排")

    withdrawn = await Entry.get(subject_id=case.id, move="withdraw")
    after = await Entry.filter(subject_id=case.id, sequence__gt=withdrawn.sequence).values_list("id", flat=True)
    told = Counter([each.person_id for each in await Notice.filter(entry_id__in=[withdrawn.id, *after])])
    assert told == {world.dispatcher.id: 1, world.contact.id: 1, world.land_liaison.id: 1}


async def test_where_nobody_sits_of_whom_something_is_asked_the_dispatchers_are_asked(database: str) -> None:
    world = await a_world()
    empty = await a_department(world.zone, "无人局")
    case = await a_dispatched_case(world, empty)
    colleague = await a_person(world.zone, "GL分办员02", Role.DISPATCHER)

    another = await a_dispatched_case(world, empty)

    assert await told_of(await the_responsibility(case), "offer") == {}
    assert await told_of(await the_responsibility(another), "offer") == {colleague.name: True}


async def test_only_the_nearest_dispatchers_hear_and_those_above_where_a_zone_has_none(database: str) -> None:
    city = await a_zone("GX")
    above = await a_person(city, "市分办员", Role.DISPATCHER)
    world = await a_world("GL", city)
    bare = await a_zone("BS", city)
    firm = await create(OPERATOR, type(world.enterprise), "create", zone=bare, name="示例·BS·001")
    owner = await a_person(bare, "BS伴员", Role.COMPANION)

    case = await a_case(world)
    await moved(world, world.companion, case, "submit")
    far = await create(
        await world.viewer(owner), Case, "collect", enterprise=firm, title="用地", companion=owner,
        problems=[{"description": "用地"}],
    )
    await moved(world, owner, far, "submit")

    assert world.dispatcher.name in await told_of(case, "submit")
    assert above.name not in await told_of(case, "submit")
    assert await told_of(far, "submit") == {above.name: True}


async def test_nobody_is_told_what_they_may_not_see(database: str) -> None:
    region = await a_region()
    await all_sorts_of_cases(region.by)

    told: dict[UUID, set[UUID]] = {}
    for notice in await Notice.all():
        told.setdefault(notice.person_id, set()).add(notice.entry_id)

    assert len(told) > 10
    for person in await Person.filter(id__in=list(told)):
        seen = await Entry.seen_by(await region.gl.viewer(person)).values_list("id", flat=True)
        assert told[person.id] <= set(seen), person.name


def test_no_flow_tells_contacts_what_the_offices_say_to_each_other() -> None:
    for model, flow in FLOWS.items():
        for move in flow.moves.values():
            if not {CONTACTS, ITS_CONTACTS}.isdisjoint((*move.asks, *move.tells)):
                subject = subject_of_kind(model)
                assert model.kind() in subject.told(), f"{model.kind()}.{move.name}"
                assert move.name not in subject.among_offices, f"{model.kind()}.{move.name}"


def subject_of_kind(model: type[Record]) -> Any:
    return subject_of(model(**({f"{model.subject}_id": UUID(int=1)} if model.subject else {})))[0]


async def test_what_is_taken_back_was_never_told(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    before = await Notice.all().count()
    viewer = await world.viewer(world.companion)

    with pytest.raises(RuntimeError, match="the power failed"):
        async with changing(viewer):
            await perform(viewer, Case, case.id, "submit")
            raise RuntimeError("the power failed")

    assert await Notice.all().count() == before


async def test_a_person_hears_nothing_of_a_silenced_move_but_what_is_asked_of_them(database: str) -> None:
    world = await a_world()
    contact = await world.viewer(world.contact)
    dispatcher = await world.viewer(world.dispatcher)

    await choose(contact, "case", "submit", in_app=False)
    await choose(contact, "case", "submit", in_app=False)
    await choose(dispatcher, "case", "submit", in_app=False)
    silent = await a_dispatched_case(world)
    await choose(contact, "case", "submit", in_app=True)
    loud = await a_dispatched_case(world)

    assert await told_of(silent, "submit") == {"GL分办员": True}
    assert await told_of(loud, "submit") == {"GL分办员": True, "GL企业联系人": False}


async def test_what_is_only_ever_asked_cannot_be_silenced_and_what_nobody_hears_is_no_choice(database: str) -> None:
    world = await a_world()
    viewer = await world.viewer(world.land_liaison)

    with refused("ALWAYS_TOLD"):
        await choose(viewer, "responsibility", "offer", in_app=False)
    with refused("BAD_INPUT"):
        await choose(viewer, "case", "edit", in_app=False)


async def test_telling_costs_a_move_two_statements(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world))
    case = await a_handled_case(world)
    liaison, owner = await world.viewer(world.land_liaison), await world.viewer(world.companion)

    told = await telling(perform(liaison, Responsibility, duty.id, "sign"), caplog)
    untold = await telling(perform(owner, Case, case.id, "edit", title="改题"), caplog)

    assert ["FROM membership" in each for each in told] == [True, False]
    assert "person_id" in told[1] and '"notice"' in told[1]
    assert untold == []


async def telling(move: Awaitable[Any], caplog: pytest.LogCaptureFixture) -> list[str]:
    """The statements of a move that are about who hears of it."""
    caplog.clear()
    with caplog.at_level("DEBUG", "tortoise.db_client"):
        await move
    return [each.getMessage() for each in caplog.records if re.search('FROM membership|"notice"', each.getMessage())]


async def test_notices_are_forgotten_in_time_and_the_history_stays(database: str) -> None:
    world = await a_world()
    case = await a_closed_case(world)
    entries = await Entry.all().count()

    with clock.stopped(clock.now() + timedelta(days=364)):
        await forget_notices()
    still = await Notice.filter(subject_id=case.id).count()
    with clock.stopped(clock.now() + timedelta(days=366)):
        await forget_notices()

    assert still
    assert await Notice.all().count() == 0
    assert await Entry.all().count() == entries


INBOX = """{ viewer { unreadNotices notices(first: 2) {
    totalCount nodes { id asked readAt label recordId case { number } entry { label reason } } } } }"""


async def test_the_inbox_shows_in_the_readers_language_what_one_was_told(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land)
    duty = await the_responsibility(case)
    async with served() as http:
        zh = await signed_in(http, world.land_liaison, "zh")
        en = await signed_in(http, world.land_liaison, "en")

        told = [(await each.ask(INBOX))["viewer"] for each in (zh, en)]

    assert [each["unreadNotices"] for each in told] == [1, 1]
    notice = told[0]["notices"]["nodes"][0]
    assert (notice["asked"], notice["readAt"], notice["label"]) == (True, None, "分办")
    assert told[1]["notices"]["nodes"][0]["label"] == "Offered"
    assert notice["recordId"] == f"Responsibility_{duty.id}"
    assert notice["case"] == {"number": case.number}


async def test_what_one_has_read_stays_read_until_one_takes_it_back(database: str) -> None:
    world = await a_world()
    for _ in range(3):
        await a_case(world)
        await a_dispatched_case(world, world.land)
    async with served() as http:
        liaison = await signed_in(http, world.land_liaison)
        owner = await signed_in(http, world.companion)
        newest, middle, oldest = await ids_of(liaison)

        read = await liaison.do("markNoticesRead", "unreadNotices", noticeIds=[newest])
        again = await liaison.do("markNoticesRead", "unreadNotices", noticeIds=[newest])
        others = await owner.do("markNoticesRead", "unreadNotices", noticeIds=[oldest])
        through = await liaison.do("markNoticesRead", "unreadNotices", throughId=middle)
        back = await liaison.do("markNoticesUnread", "unreadNotices", noticeIds=[oldest])
        unread = await liaison.ask("{ viewer { notices(unreadOnly: true) { nodes { id } } } }")
        wrong = await liaison.do("markNoticesRead", "unreadNotices", noticeIds=["Case_1"])

    assert [each["unreadNotices"] for each in (read, again, through, back)] == [2, 2, 0, 1]
    assert others["refusals"][0] | {"message": ""} == {"code": "NOT_FOUND", "message": "", "field": "noticeIds"}
    assert [each["id"] for each in unread["viewer"]["notices"]["nodes"]] == [oldest]
    assert wrong["refusals"][0]["code"] == "BAD_INPUT"


async def ids_of(client: Client) -> list[str]:
    found = await client.ask("{ viewer { notices { nodes { id } } } }")
    return [each["id"] for each in found["viewer"]["notices"]["nodes"]]


async def test_one_chooses_what_to_hear(database: str) -> None:
    world = await a_world()
    choices = "{ viewer { noticeChoices { recordKind move label inApp always } } }"
    async with served() as http:
        contact = await signed_in(http, world.contact)

        done = await contact.do("setNoticeChoice", recordKind="case", move="submit", inApp=False)
        no = await contact.do("setNoticeChoice", recordKind="responsibility", move="offer", inApp=False)
        listed = (await contact.ask(choices))["viewer"]["noticeChoices"]

    by_move = {(each["recordKind"], each["move"]): each for each in listed}
    assert done["refusals"] == []
    assert no["refusals"][0]["code"] == "ALWAYS_TOLD"
    assert by_move["case", "submit"]["inApp"] is False
    assert by_move["case", "close"]["inApp"] is True
    assert by_move["responsibility", "offer"]["always"] is True
    assert ("case", "edit") not in by_move
