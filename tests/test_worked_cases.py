"""The six worked cases of the source texts, each from its first move to its last, with the refusals on the way."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest

from domain import clock
from domain.calendar import shipped
from domain.cases import Case, CaseState
from domain.chains import ChainLink
from domain.consultations import Consultation
from domain.departments import Department
from domain.history import Entry, entry_hash
from domain.people import Person
from domain.problems import Problem, ProblemState
from domain.rectifications import Rectification, RectificationState
from domain.refusals import Refused
from domain.responsibilities import Part, Responsibility, ResponsibilityState
from domain.viewers import Viewer
from workflows.demo_zones import LEADER, PLANS, Cast, companion, found, liaison
from workflows.perform import perform
from workflows.script_lines import (
    case_line,
    designate,
    dispatch,
    give_back,
    submit,
    the_companion,
    the_dispatcher,
)
from workflows.scripts import Line, Script, Showing
from workflows.worked_cases import (
    BASIS,
    DESIGNATED,
    FALLBACK,
    GANZHOU,
    HAICHANG,
    HEBI_LIST,
    HEBI_ON_SITE,
    HEBI_PLANNED,
    JINGE,
    WOODPECKER,
    WORKED_CASES,
    ZHENGCHENG,
)

A_MONDAY = date(2026, 3, 2)
BEFORE_SPRING_FESTIVAL = date(2026, 2, 4)
BEFORE_NATIONAL_DAY = date(2026, 9, 17)


async def a_cast(zone: str, begins: date = A_MONDAY) -> Cast:
    with clock.stopped(datetime.combine(begins - timedelta(days=1), time(9), clock.OFFICE_ZONE)):
        return await found(replace(PLANS[zone], companions=5))


async def a_showing(script: Script, begins: date = A_MONDAY) -> Showing:
    return Showing(script, await a_cast(script.zone, begins), begins)


async def refused(code: str, trying: Awaitable[object]) -> None:
    with pytest.raises(Refused) as no:
        await trying
    assert [each.code for each in no.value.refusals] == [code]


async def moves_of(case: Case) -> list[str]:
    return [entry.move for entry in await Entry.filter(subject_id=case.id).order_by("sequence")]


async def duties_of(case: Case) -> dict[str, ResponsibilityState]:
    """The responsibility list, by department, oldest first; of two for one department the later counts."""
    duties = await Responsibility.filter(case_id=case.id).order_by("id").select_related("department")
    return {duty.department.name: duty.state for duty in duties}


async def resolutions_of(case: Case) -> list[str]:
    return [problem.resolution for problem in await Problem.filter(case_id=case.id).order_by("id")]


@pytest.mark.parametrize("script", WORKED_CASES, ids=lambda script: script.title)
async def test_every_worked_case_ends_closed_with_three_clear_lists_and_an_unbroken_history(
    database: str, script: Script
) -> None:
    showing = await a_showing(script)

    case = await showing.to_the_end()

    assert case.state is CaseState.CLOSED
    assert {each.state for each in await Problem.filter(case_id=case.id)} == {ProblemState.CLEARED}
    assert {each.state for each in await Rectification.filter(case_id=case.id)} == {RectificationState.VERIFIED}
    assert set((await duties_of(case)).values()) <= {ResponsibilityState.DONE, ResponsibilityState.RETURNED}
    entries = await Entry.filter(subject_id=case.id).order_by("sequence")
    assert [entry.previous for entry in entries] == ["", *(entry.hash for entry in entries[:-1])]
    assert all(entry.hash == entry_hash(entry) for entry in entries)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert all(shipped().is_working(entry.at.astimezone(clock.OFFICE_ZONE).date()) for entry in entries)


@pytest.mark.parametrize("script", WORKED_CASES, ids=lambda script: script.title)
def test_a_script_says_what_is_printed_where_and_what_is_made_up(script: Script) -> None:
    firm = next(each for each in PLANS[script.zone].firms if each.name == script.enterprise)

    assert "【示例】" in script.description
    assert bool(script.fact) == (f"来源：{script.source}" in script.description)
    assert firm.source in ("", script.source)
    assert firm.name.startswith("示例企业") == (firm.source == "")


@pytest.mark.parametrize("begins", [A_MONDAY, BEFORE_SPRING_FESTIVAL, BEFORE_NATIONAL_DAY], ids=str)
async def test_woodpecker_is_closed_within_a_month_of_its_escalation(database: str, begins: date) -> None:
    showing = await a_showing(WOODPECKER, begins)

    case = await showing.to_the_end()

    escalated = await Entry.filter(subject_id=case.id, move="escalate").order_by("sequence").first()
    assert escalated is not None and case.closed_at is not None
    assert case.closed_at <= escalated.at.replace(month=escalated.at.month + 1)
    assert all("1.2亿元" in each and "2.5亿元" in each for each in await resolutions_of(case))


async def test_woodpecker_climbs_the_chain_to_the_committee_head_and_no_further(database: str) -> None:
    showing = await a_showing(WOODPECKER)

    climbed = [(await showing.until("escalate")).escalated_to_id for _ in range(3)]

    links = await ChainLink.filter(zone_id=showing.cast.zone.id).order_by("level")
    assert climbed == [link.person_id for link in links]
    assert climbed[-1] == showing.cast.people[LEADER].id
    await refused("TOP_OF_CHAIN", showing.say(case_line(0, "escalate", reason="再报一级")))


async def test_woodpecker_is_not_handled_before_its_last_joint_department_fixed(database: str) -> None:
    showing = await a_showing(WOODPECKER)

    case = await showing.until("sign 征地拆迁办")

    assert case.state is CaseState.ASSIGNING
    await refused("NOT_FIXED", showing.say(case_line(2, "begin", by=the_dispatcher)))
    await refused("NOT_HANDLING", showing.say(submit(2, "自然资源局", "已办")))
    case = await showing.until("fix 征地拆迁办")
    assert case.state is CaseState.HANDLING


async def test_woodpecker_closes_only_when_reported_checked_and_called_back(database: str) -> None:
    showing = await a_showing(WOODPECKER)
    close = case_line(14, "close")

    await showing.until("submit 自然资源局")
    await refused("NOT_SUBMITTED", showing.say(case_line(11, "report")))
    await showing.until("report")
    await refused("LISTS_OPEN", showing.say(close))
    await showing.until("clear")
    await refused("NOT_CALLED_BACK", showing.say(close))
    case = await showing.to_the_end()

    assert await moves_of(case) == [
        "collect", "raise", "escalate", "escalate", "escalate", "submit", "dispatch", "offer", "offer", "offer",
        "sign", "sign", "fix", "plan", "plan", "fix", "plan", "sign", "fix", "plan", "begin",
        "start", "start", "start", "order", "answer", "accept", "submit", "submit", "submit", "submit", "report",
        "verify", "verify", "finish", "verify", "finish", "verify", "finish", "clear", "call_back", "close",
    ]


async def test_woodpecker_moves_are_made_by_those_whose_moves_they_are(database: str) -> None:
    showing = await a_showing(WOODPECKER)

    case = await showing.to_the_end()

    names = {person.id: person.name for person in await Person.all()}
    made = {(entry.move, names[entry.actor_id]) for entry in await Entry.filter(subject_id=case.id)}
    asked = ("自然资源局", "住建局", "征地拆迁办")
    assert {who for move, who in made if move in ("collect", "escalate", "report", "close")} == {companion(1)}
    assert {who for move, who in made if move == "dispatch"} == {"分办员"}
    assert {who for move, who in made if move in ("sign", "fix")} == {liaison(name) for name in asked}


async def test_jinge_is_consulted_with_the_bank_on_site_and_gets_its_loan_of_5_million(database: str) -> None:
    showing = await a_showing(JINGE)

    case = await showing.until("consult")
    held = await Consultation.get(case_id=case.id)
    case = await showing.to_the_end()

    assert held.held_on == A_MONDAY
    assert "银行" in held.parties
    assert "知识产权质押" in held.outcome and "500万元" in held.outcome
    assert all("500万元" in each for each in await resolutions_of(case))
    assert await duties_of(case) == {"金融办": ResponsibilityState.DONE, "市监局": ResponsibilityState.DONE}


async def test_jinge_holds_no_consultation_once_it_is_closed(database: str) -> None:
    showing = await a_showing(JINGE)
    consult = next(line for line in JINGE.lines if line.what == "consult")

    await showing.to_the_end()

    await refused("CASE_ENDED", showing.say(replace(consult, day=10)))


async def test_haichang_has_one_lead_and_four_joint_departments(database: str) -> None:
    showing = await a_showing(HAICHANG)

    case = await showing.until("dispatch 金融板块")

    duties = await Responsibility.filter(case_id=case.id).order_by("id").select_related("department")
    assert [(duty.department.name, duty.part) for duty in duties] == [
        ("金融板块", Part.LEAD), ("科创板块", Part.JOINT), ("开放板块", Part.JOINT),
        ("住建局", Part.JOINT), ("水电组", Part.JOINT),
    ]
    await refused("LEAD_TAKEN", showing.say(dispatch(0, "政策板块")))


async def test_haichang_is_not_closed_while_one_joint_task_is_open(database: str) -> None:
    showing = await a_showing(HAICHANG)
    water = showing.cast.departments["水电组"]

    await showing.until("submit 开放板块")
    await refused("NOT_SUBMITTED", showing.say(case_line(9, "report")))
    case = await showing.until("report")
    await _verify_all_but(showing, water)

    assert (await duties_of(case))["水电组"] is ResponsibilityState.FIXED
    assert list((await duties_of(case)).values()).count(ResponsibilityState.DONE) == 4
    await refused("LISTS_OPEN", showing.say(case_line(11, "close")))
    case = await showing.to_the_end()
    assert case.state is CaseState.CLOSED


async def _verify_all_but(showing: Showing, department: Department) -> None:
    case = await showing.case()
    others = Rectification.filter(case_id=case.id).exclude(department_id=department.id)
    for measure in await others.order_by("id"):
        await showing.say(_verify_one(11, measure.id))


def _verify_one(day: int, measure_id: UUID) -> Line:
    async def act(_: Showing, viewer: Viewer) -> None:
        await perform(viewer, Rectification, measure_id, "verify")

    return Line(day, "verify", the_companion, act)


async def test_zhengcheng_gets_the_citys_first_pledge_loan_of_6_million(database: str) -> None:
    showing = await a_showing(ZHENGCHENG)

    case = await showing.to_the_end()

    assert all("知贷通" in each and "600万元" in each for each in await resolutions_of(case))
    assert "中国银行" in case.description and "全市首笔" in case.description
    assert case.number.startswith("KRM-")


async def test_one_problem_list_in_hebi_is_solved_on_site_or_planned_with_a_date(database: str) -> None:
    cast = await a_cast("HB")

    on_site = await Showing(HEBI_ON_SITE, cast, A_MONDAY).to_the_end()
    planned = await Showing(HEBI_PLANNED, cast, A_MONDAY).until("fix 财政局")

    assert on_site.state is CaseState.CLOSED and on_site.closed_at is not None
    assert on_site.closed_at.astimezone(clock.OFFICE_ZONE).date() == on_site.raised_on
    assert await moves_of(on_site) == ["collect", "raise", "take", "record", "solve", "solve_on_site"]
    assert await duties_of(on_site) == {"企业服务中心": ResponsibilityState.DONE}
    assert planned.state is CaseState.HANDLING
    due = [duty.due_at for duty in await Responsibility.filter(case_id=planned.id)]
    assert len(due) == 2 and all(due)
    listed = await Problem.filter(case_id__in=[on_site.id, planned.id]).order_by("id")
    assert tuple(problem.description for problem in listed) == HEBI_LIST


async def test_a_case_of_two_problems_is_not_solved_on_site(database: str) -> None:
    showing = await a_showing(replace(HEBI_ON_SITE, problems=HEBI_LIST))

    await showing.until("collect")

    await refused("ONE_PROBLEM", showing.next())


async def test_what_departments_were_asked_is_not_solved_on_site_any_more(database: str) -> None:
    showing = await a_showing(HEBI_PLANNED)

    await showing.until("dispatch 科技局")

    solving = case_line(1, "solve_on_site", result="已解决", satisfaction="satisfied")
    await refused("DISPATCHED", showing.say(solving))


async def test_the_fallback_office_takes_what_was_returned_twice_and_cannot_return_it(database: str) -> None:
    showing = await a_showing(FALLBACK)

    case = await showing.until("sign 兜底板块")
    assert case.returns == 2
    await refused("FALLBACK", showing.say(give_back(2, "兜底板块", "也不归我们", BASIS)))
    case = await showing.to_the_end()

    assert case.state is CaseState.CLOSED
    assert await duties_of(case) == {
        "住建局": ResponsibilityState.RETURNED,
        "水电组": ResponsibilityState.RETURNED,
        "兜底板块": ResponsibilityState.DONE,
    }


async def test_after_three_returns_the_office_designates_and_the_designated_cannot_return(database: str) -> None:
    showing = await a_showing(DESIGNATED)

    await showing.until("return 自然资源局")
    await refused("NOT_YET_DESIGNATED", showing.say(designate(2, "住建局", "退回两次")))
    case = await showing.until("return 公交公司")
    assert case.returns == 3
    await refused("MUST_DESIGNATE", showing.say(dispatch(3, "住建局")))
    await showing.until("designate 住建局")
    await refused("DESIGNATED", showing.say(give_back(4, "住建局", "道路未移交", BASIS)))
    case = await showing.to_the_end()

    assert case.state is CaseState.CLOSED
    assert case.returns == 3


async def test_a_zone_whose_rule_is_two_designates_after_two_returns(database: str) -> None:
    showing = await a_showing(GANZHOU)

    await showing.until("return 市监局")
    await refused("NOT_YET_DESIGNATED", showing.say(designate(1, "科技局", "退回一次")))
    case = await showing.until("return 统计局")
    await refused("MUST_DESIGNATE", showing.say(dispatch(2, "科技局")))
    case = await showing.until("designate 科技局")

    assert case.returns == 2


async def test_ganzhou_handles_nothing_until_all_three_levels_of_its_chain_are_filled(database: str) -> None:
    showing = await a_showing(GANZHOU)

    case = await showing.until("fix 科技局")
    assert case.state is CaseState.ASSIGNING
    assert case.unfixed_responsibilities == 0
    await refused("CHAIN_VACANT", showing.say(case_line(4, "begin", by=the_dispatcher)))
    await showing.until("fill 分管领导具体抓")
    case = await showing.until("begin")

    assert case.state is CaseState.HANDLING
    assert await ChainLink.filter(zone_id=case.zone_id, person_id__isnull=False).count() == 3


async def test_a_department_cannot_return_after_its_window_has_passed(database: str) -> None:
    showing = await a_showing(FALLBACK)

    await showing.until("dispatch 住建局")

    await refused("WINDOW_PASSED", showing.say(give_back(2, "住建局", "不在移交范围", BASIS)))
    await showing.until("return 住建局")
