"""The demonstration: loaded whole, once, into an empty database only; and every account sees what it should."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain import clock
from domain import database as storage
from domain.accounts import Account
from domain.calendar import shipped
from domain.cases import STAGES, Case, CaseState, Stage
from domain.deadlines import Light, light_of
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.people import Person, viewer_of
from domain.refusals import Refused
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.surveys import read_survey
from domain.zones import Zone
from tests.demonstration import Loaded
from tests.graphql import Client, served
from tests.world import a_zone
from workflows import demo, sign_in
from workflows.demo_board import ONE_WINDOW
from workflows.demo_figures import FIGURES

SURVEY = Path(__file__).parent / "data" / "survey-2023.xlsx"
SOME = FIGURES[:2]
"""Of the figures, where it does not matter how many are loaded."""
A_WORKDAY = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
A_SATURDAY = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
ON_A_HOLIDAY = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)
BEFORE_WORK_IN_AN_UNPUBLISHED_YEAR = datetime(2027, 3, 1, 22, 30, tzinfo=UTC)


async def counts() -> dict[str, int]:
    kinds = (Zone, Department, Enterprise, Person, Account, Case, Responsibility, Entry)
    return {kind.__name__: await kind.all().count() for kind in kinds}


async def test_loading_twice_loads_once_and_tells_the_accounts_both_times(database: str) -> None:
    first = await demo.load(chapters=SOME)
    loaded = await counts()

    second = await demo.load()

    assert await counts() == loaded
    assert second == first
    assert loaded["Account"] == len(first)
    assert loaded["Zone"] == 8
    assert loaded["Case"] == len(demo.BILLINGS)


async def test_a_database_with_other_zones_is_refused_and_left_as_it_was(database: str) -> None:
    await a_zone("GL")
    before = await counts()

    with pytest.raises(Refused) as no:
        await demo.load()

    assert [each.code for each in no.value.refusals] == ["NOT_FOR_DEMO"]
    assert "GL高新区" in no.value.refusals[0].zh
    assert await counts() == before


async def test_a_load_that_dies_halfway_leaves_nothing_and_can_be_made_again(database: str) -> None:
    before = await counts()

    def die_halfway(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await demo.load(die_halfway, SOME)

    assert await counts() == before
    assert clock.now() > datetime(2026, 1, 1, tzinfo=UTC)
    await demo.load(chapters=SOME)
    assert await Zone.all().count() == 8


async def test_progress_counts_up_to_the_end(loaded: Loaded) -> None:
    total = loaded.progress[0][1]

    assert loaded.progress == [(done, total) for done in range(1, total + 1)]


@pytest.mark.parametrize("at", [A_WORKDAY, A_SATURDAY, ON_A_HOLIDAY, BEFORE_WORK_IN_AN_UNPUBLISHED_YEAR], ids=str)
async def test_whichever_day_it_is_loaded_history_runs_forward_and_every_colour_can_be_looked_at(
    sqlite_url: str, at: datetime
) -> None:
    async with storage.opened(sqlite_url):
        with clock.stopped(at):
            await demo.load(chapters=SOME)
        entries = await Entry.filter(subject_kind="case").order_by("id")
        cases = await Case.filter(zone__code="GL")

    moments = [entry.at for entry in entries]
    assert moments == sorted(moments)
    assert moments[-1] < at
    assert (moments[-1] - moments[0]).days > 21
    evening = at.astimezone(clock.OFFICE_ZONE).replace(hour=20)
    assert {light_of(case, evening) for case in cases} >= ({*Light} if at.year < 2027 else {Light.GREY, Light.RED})


def test_one_window_is_yellow_in_the_evening_of_every_day_of_two_years() -> None:
    """Holidays of up to nine days among them."""
    [billing] = [each for each in demo.BILLINGS if each.script is ONE_WINDOW]
    [fixed] = [line for line in ONE_WINDOW.lines if line.what.startswith("fix")]
    for number in range(730):
        day = date(2025, 1, 1) + timedelta(days=number)
        start = shipped().add_working_days(billing.begins(day), fixed.day)
        due = shipped().add_working_days(start, 12)
        last_before = shipped().add_working_days(due, -1)
        assert last_before < day <= due, day
        assert start + (due - start) / 2 <= last_before, day


async def test_the_board_of_guilin_has_cases_in_every_stage_and_every_state(loaded: Loaded) -> None:
    states = Counter([case.state for case in await Case.filter(zone__code="GL")])

    assert set(states) == set(CaseState)
    assert {STAGES[state] for state in states} == set(Stage)
    duties = {duty.state for duty in await Responsibility.filter(zone__code="GL")}
    assert duties == set(ResponsibilityState)


async def test_the_worked_cases_stand_at_different_stages(loaded: Loaded) -> None:
    shown = await Case.exclude(zone__code="GL").order_by("number")

    assert {case.number.rsplit("-", 2)[0]: case.state for case in shown if case.number.endswith("001")} == {
        "GZ": CaseState.ASSIGNING, "HB": CaseState.CLOSED, "KRM": CaseState.COLLECTED,
        "LYG": CaseState.CHECKING, "QT": CaseState.HANDLING,
    }
    woodpecker = await Case.get(enterprise__name="桂林市啄木鸟医疗器械有限公司")
    assert woodpecker.state is CaseState.CLOSED


async def test_only_firms_a_source_prints_are_not_marked_as_made_up(loaded: Loaded) -> None:
    printed = {each.name: each.source for each in await Enterprise.filter(synthetic=False)}

    assert printed == {
        "桂林市啄木鸟医疗器械有限公司": "GL-06",
        "江苏金鸽网络科技有限公司": "LYG-05",
        "浙江海昶生物医药技术有限公司": "QT-06",
        "克拉玛依市正诚有限公司": "KRM-25",
        "克拉玛依胜利高原机械有限公司": "KRM-23",
        "新疆正通石油天然气股份有限公司": "KRM-24",
        "克拉玛依市科能防腐技术有限责任公司": "KRM-24",
        "西部黄金（克拉玛依）矿业科技有限责任公司": "KRM-27",
    }
    assert all(each.name.startswith("示例企业·") for each in await Enterprise.filter(synthetic=True))


async def test_guilin_knows_the_departments_and_companions_its_survey_names(loaded: Loaded) -> None:
    survey = read_survey(SURVEY, today=clock.today().date())

    departments = await Department.filter(zone__code="GL")
    known = {name for each in departments for name in (each.name, *each.aliases)}
    people = set(await Person.filter(zone__code="GL").values_list("name", flat=True))
    assert {row.department for row in survey.rows if row.department} <= known
    assert {row.visitor for row in survey.rows if row.visitor} <= people
    assert [each.name for each in departments if each.is_fallback] == ["企业服务中心"]


async def test_every_account_signs_in_and_sees_the_cases_of_its_role_and_no_others(loaded: Loaded) -> None:
    accounts = loaded.accounts
    guilin = await Case.filter(zone__code="GL").count()

    seen = {}
    for account in accounts:
        tokens = await sign_in.sign_in(account.login, account.password, "127.0.0.1")
        viewer = await viewer_of(tokens.person_id, clock.now())
        seen[account.login] = [case.title for case in await Case.seen_by(viewer).order_by("id")]

    assert len(seen["cn.leader"]) == len(seen["cn.auditor"]) == await Case.all().count() > len(demo.BILLINGS)
    assert len(seen["gl.dispatcher"]) == len(seen["gl.leader"]) == len(seen["gl.auditor"]) == guilin
    assert seen["gl.admin"] == []
    assert seen["gl.contact"] == ["项目用地自2021年起受阻"]
    assert seen["gl.land"] == ["项目用地自2021年起受阻", "厂前道路破损，货车通行困难"]
    assert 1 < len(seen["gl.companion01"]) < guilin
    assert not set(seen["gl.companion01"]) & set(seen["gl.companion02"])
    assert "厂前道路破损，货车通行困难" in seen["gl.housing"]
    assert seen["gl.service"] == ["水电气报装要跑多个窗口"]
    assert seen["qt.fallback"] == ["厂区外排水沟权属不清，雨后积水"]
    assert len(seen["qt.dispatcher"]) == 2
    assert seen["gz.leader"] == ["研发费用归集口径不清"]


async def test_every_role_there_is_has_an_account_that_says_so_in_both_languages(loaded: Loaded) -> None:
    accounts = loaded.accounts

    assert {account.role_zh for account in accounts} == {
        "分办员", "部门联络员", "企业伴员", "领导", "审计员", "企业联系人", "管理员",
    }
    assert {account.role_en for account in accounts} == {
        "Dispatcher", "Department liaison", "Companion officer", "Leader", "Auditor", "Enterprise contact",
        "Administrator",
    }
    assert {account.zone.split()[0] for account in accounts} == {"CN", "GL", "QT", "GZ"}


async def test_the_dispatcher_finds_a_full_board_over_graphql(loaded: Loaded) -> None:
    async with served() as http:
        payload = await Client(http).do(
            "signIn", "accessToken person { name }", login="gl.dispatcher", password=demo.PASSWORD
        )
        client = Client(http, payload["accessToken"])
        board = (await client.ask("{ caseCounts { total stages { stage count } } }"))["caseCounts"]

    assert payload["refusals"] == [] and payload["person"] == {"name": "分办员"}
    assert all(each["count"] > 0 for each in board["stages"])
    assert sum(each["count"] for each in board["stages"]) == board["total"]
