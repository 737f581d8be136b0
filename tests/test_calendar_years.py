"""Calendars as the zones have them: published, corrected, seen at once, and countable as they were before."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError

from domain import clock
from domain.calendar import Day, DayKind, end_of, shipped
from domain.calendar.rows import CalendarDay, CalendarYear, calendar_of
from domain.database import opened
from domain.history import Entry
from domain.records import THE_STATE
from domain.refusals import Refused
from domain.viewers import OPERATOR, Viewer
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, everything, refused
from tests.terminal import qiban
from tests.test_arrangements import notice, of_2027, rows_of, whole_year
from tests.world import a_dispatched_case, a_world, a_zone, the_responsibility
from workflows.calendar import preview, publish_shipped
from workflows.perform import create, perform

ZHUANG: dict[str, Any] = {"day": date(2027, 4, 8), "kind": DayKind.HOLIDAY, "name": "三月三"}
SOURCE = "示例通知"
FIRST_OF_2027 = date(2027, 1, 4)


async def publish(viewer: Viewer = OPERATOR, **given: Any) -> CalendarYear:
    given = {"year": 2027, "text": None if "days" in given else notice(), "source": SOURCE, **given}
    return await create(viewer, CalendarYear, "publish", **given)


async def correct(year: CalendarYear, viewer: Viewer = OPERATOR, **given: Any) -> CalendarYear:
    return await perform(viewer, CalendarYear, year.id, "correct", source="更正通知", **given)


def a_day(day: str, kind: DayKind, name: str = "") -> dict[str, Any]:
    return {"day": date.fromisoformat(day), "kind": kind, "name": name}


async def test_a_new_installation_has_every_published_year_with_its_history(database: str) -> None:
    years = await CalendarYear.all().order_by("edition")

    assert [each.year for each in years] == list(range(2004, 2027))
    assert years[-1].source == "国务院办公厅关于2026年部分节假日安排的通知"
    assert await calendar_of(None) == shipped()
    assert await publish_shipped() == 0
    assert {each.zone_id for each in await Entry.filter(subject_kind="calendar_year")} == {THE_STATE}
    await assert_whole()


async def test_a_published_year_is_counted_by_from_then_on(database: str) -> None:
    before = await calendar_of(None)

    year = await publish()

    after = await calendar_of(None)
    assert not before.published(FIRST_OF_2027) and after.published(FIRST_OF_2027)
    assert (after.version, year.edition) == (before.version + 1, before.version + 1)
    assert {day: what for day, what in after.special.items() if day.year == 2027} == of_2027()
    assert year.days == [list(row) for row in rows_of(of_2027())]
    await assert_whole()


async def test_a_whole_year_says_the_same_as_the_notice(database: str) -> None:
    year = await publish(text=notice(whole_year()))

    assert year.days == [list(row) for row in rows_of(of_2027())]


async def test_a_publication_elsewhere_is_seen_at_once(database: str, tmp_path: Path) -> None:
    known = await calendar_of(None)
    file = tmp_path / "2027.csv"
    file.write_text(notice())

    done = await qiban("calendar", "import", file, "--year", "2027", url=database)

    assert done.code == 0, done.err
    assert (await calendar_of(None)).version == known.version + 1
    assert (await CalendarYear.get(year=2027)).source == "2027.csv"


async def test_a_zone_has_days_of_its_own_and_so_have_those_below_it(database: str) -> None:
    above = await a_zone("GX")
    world, other = await a_world("GL", above), await a_zone("GZ")
    region, state = await calendar_of(world.zone.id), await calendar_of(None)

    await publish(zone=above, days=[ZHUANG])

    for zone, free in ((above, True), (world.zone, True), (other, False)):
        assert (await calendar_of(zone.id)).is_working(ZHUANG["day"]) is not free
    assert (await calendar_of(world.zone.id)).version == region.version + 1
    assert await calendar_of(None) == await calendar_of(other.id) == state
    await publish()
    assert not (await calendar_of(world.zone.id)).is_working(ZHUANG["day"])
    assert (await calendar_of(world.zone.id)).version == (await calendar_of(None)).version == region.version + 2
    await assert_whole()


async def test_no_correction_of_the_states_days_has_people_work_on_a_holiday_of_the_law(database: str) -> None:
    national = a_day("2026-10-03", DayKind.MAKE_UP, "国庆节")  # a Saturday
    state = await CalendarYear.get(year=2026)
    with refused("WORKED_BY_NONE"):
        await correct(state, days=[national])

    world = await a_world()
    await publish(year=2026, zone=world.zone, days=[national])  # a zone says for itself who works

    assert (await calendar_of(world.zone.id)).is_working(national["day"])
    assert not (await calendar_of(None)).is_working(national["day"])


async def test_the_zone_nearest_decides(database: str) -> None:
    above = await a_zone("GX")
    below = await a_zone("GL", above)

    await publish(zone=below, days=[{**ZHUANG, "kind": DayKind.WORKING, "name": "照常上班"}])
    await publish(zone=above, days=[ZHUANG])

    assert (await calendar_of(below.id)).day(ZHUANG["day"]) == Day(DayKind.WORKING, "照常上班")
    assert not (await calendar_of(above.id)).is_working(ZHUANG["day"])


async def test_a_department_has_a_day_longer_where_the_zone_is_off(database: str) -> None:
    with clock.stopped(datetime(2026, 4, 17, 10, tzinfo=clock.OFFICE_ZONE)):  # a Friday
        ours, theirs = await a_world("GL"), await a_world("GZ")
        await publish(zone=ours.zone, year=2026, days=[a_day("2026-04-20", DayKind.HOLIDAY, "三月三")])

        duties = [await the_responsibility(await a_dispatched_case(each, each.land)) for each in (ours, theirs)]

    assert [each.return_by for each in duties] == [end_of(date(2026, 4, 21)), end_of(date(2026, 4, 20))]


async def test_an_administrator_publishes_for_the_zone_and_for_nobody_else(database: str) -> None:
    world, other = await a_world(), await a_world("GZ")
    administrator = await world.viewer(world.administrator)

    year = await publish(administrator, zone=world.zone, days=[ZHUANG])

    assert year.author_id == world.administrator.id
    assert (await Entry.get(subject_id=year.id)).zone_id == world.zone.id
    with refused("NOT_ALLOWED"):
        await publish(administrator)
    with refused("NOT_FOUND"):
        await publish(administrator, zone=other.zone.id, days=[ZHUANG])
    with refused("NOT_ALLOWED"):
        await publish(await world.viewer(world.leader), zone=world.zone, year=2028, text="2028-04-01,holiday,\n")
    with refused("NOT_ALLOWED"):
        await correct(await CalendarYear.get(year=2026), administrator, days=[a_day("2026-11-02", DayKind.HOLIDAY)])


async def test_a_year_is_published_once(database: str) -> None:
    world = await a_world()
    await publish()
    await publish(zone=world.zone, days=[ZHUANG])

    with refused("YEAR_PUBLISHED"):
        await publish()
    with refused("YEAR_PUBLISHED"):
        await publish(zone=world.zone, days=[ZHUANG])


async def test_publications_at_once_have_an_edition_each(database: str) -> None:
    zones = [await a_zone(code) for code in ("GL", "GZ", "XY")]

    outcomes = await asyncio.gather(attempted({}), *(attempted({"zone": each, "days": [ZHUANG]}) for each in zones))

    years = await CalendarYear.filter(year=2027)
    assert len({each.edition for each in years}) == len(years) == outcomes.count("done") >= 1
    assert set(outcomes) <= {"done", "CONFLICT"}
    await assert_whole()


async def attempted(given: dict[str, Any]) -> str:
    try:
        await publish(**given)
    except Refused as refused:
        return refused.refusals[0].code
    return "done"


async def test_a_correction_holds_from_then_on_and_what_was_counted_before_stays_countable(database: str) -> None:
    year, version = await CalendarYear.get(year=2026), (await calendar_of(None)).version

    await correct(year, days=[a_day("2026-05-06", DayKind.HOLIDAY, "劳动节"), a_day("2026-05-09", DayKind.REST)])

    now, then = await calendar_of(None), await calendar_of(None, version)
    assert (now.version, then.version) == (version + 1, version)
    assert now.add_working_days(date(2026, 4, 30), 1) == date(2026, 5, 7)
    assert then.add_working_days(date(2026, 4, 30), 1) == date(2026, 5, 6)
    assert (now.is_working(date(2026, 5, 9)), then.is_working(date(2026, 5, 9))) == (False, True)
    assert then == shipped()
    await assert_whole()


async def test_a_zone_corrects_its_own_year_alone(database: str) -> None:
    world = await a_world()
    administrator = await world.viewer(world.administrator)
    year = await publish(administrator, zone=world.zone, days=[ZHUANG])

    await correct(year, administrator, text="2027-04-08,working,\n2027-04-09,holiday,三月三\n")

    calendar = await calendar_of(world.zone.id)
    assert (calendar.is_working(date(2027, 4, 8)), calendar.is_working(date(2027, 4, 9))) == (True, False)
    assert (await calendar_of(None)).is_working(date(2027, 4, 9))


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"days": [a_day("2026-10-01", DayKind.HOLIDAY, "国庆节")]}, ["NO_DAY_CHANGES"]),
        ({}, ["DAYS_ONCE"]),
        ({"days": [ZHUANG], "text": "2026-11-02,holiday,\n"}, ["DAYS_ONCE"]),
        ({"days": [ZHUANG]}, ["OTHER_YEAR"]),
        ({"text": "2026-11-02,make_up,\n2026-11-07,working,\n"}, ["NOT_MADE_UP", "NOT_OF_ITS_WEEKDAY"]),
        ({"text": "2026-11-02,holiday,\n", "confirmed": ["Responsibility_7"]}, ["NOT_AFFECTED"]),
    ],
)
async def test_a_correction_that_cannot_be_is_refused(sqlite_url: str, given: dict[str, Any], codes: list[str]) -> None:
    async with opened(sqlite_url):
        before = await everything()

        with refused(*codes):
            await correct(await CalendarYear.get(year=2026), **given)
        assert await everything() == before


async def test_a_year_out_of_range_is_refused(database: str) -> None:
    with refused("BAD_INPUT"):
        await publish(year=1999)


async def test_a_preview_is_refused_like_the_move_and_changes_nothing(database: str) -> None:
    world = await a_world()
    before = await everything()

    assert await preview(OPERATOR, year=2027, text=notice(), source=SOURCE) == []
    with refused("YEAR_PUBLISHED"):
        await preview(OPERATOR, year=2026, text=notice(), source=SOURCE)
    with refused("NOT_ALLOWED"):
        await preview(await world.viewer(world.leader), year=2027, text=notice(), source=SOURCE)
    assert await everything() == before
    assert not (await calendar_of(None)).published(FIRST_OF_2027)


async def test_the_days_of_an_edition_are_never_changed(database: str) -> None:
    day = await CalendarDay.all().first()
    assert day

    for statement in ("UPDATE calendar_day SET kind = 'working'", "DELETE FROM calendar_day"):
        with pytest.raises((IntegrityError, OperationalError)):
            await get_connection("default").execute_query(statement)
    assert (await CalendarDay.get(id=day.id)).kind is day.kind


async def test_a_front_end_publishes_reads_and_counts(database: str) -> None:
    world = await a_world()
    async with served() as http:
        boss = await signed_in(http, world.administrator)
        zone = f"Zone_{world.zone.id}"
        given = {"zoneId": zone, "year": 2026, "source": SOURCE, "text": "2026-04-20,holiday,三月三\n"}

        done = await boss.do("publishCalendarYear", "calendarYear { id edition days { day kind name } }", **given)
        days = await calendar(boss, zone, "2026-04-17", "2026-04-20")
        due = await reckoned(boss, zone, "2026-04-17T02:00:00Z", "1wd")

    assert done["refusals"] == []
    assert done["calendarYear"]["days"] == [{"day": "2026-04-20", "kind": "HOLIDAY", "name": "三月三"}]
    assert [each["kind"] for each in days["days"]] == ["WORKING", "REST", "REST", "HOLIDAY"]
    assert days["version"] == due["calendarVersion"] == done["calendarYear"]["edition"]
    assert due["dueAt"].startswith("2026-04-21T15:59:59") and not due["provisional"]
    assert [each["counted"] for each in due["explanation"]] == [False, False, False, False, True]
    assert due["explanation"][3]["note"] == "holiday: 三月三"


async def test_a_front_end_is_told_what_is_provisional_and_what_a_publication_would_do(database: str) -> None:
    world = await a_world()
    async with served() as http:
        boss = await signed_in(http, world.administrator, "zh")
        due = await reckoned(boss, f"Zone_{world.zone.id}", "2026-12-28T02:00:00Z", "7wd")
        asked = "query($input: PublishCalendarYearPreviewInput!) { publishCalendarYearPreview(input: $input) {" \
            " count shifts { dueAt } refusals { code message } } }"
        given = {"zoneId": f"Zone_{world.zone.id}", "year": 2027, "source": SOURCE, "text": "2027-04-08,holiday,\n"}
        shown = (await boss.ask(asked, input=given))["publishCalendarYearPreview"]
        barred = (await boss.ask(asked, input={**given, "zoneId": None}))["publishCalendarYearPreview"]
        far = await boss.send('{ calendar(from: "2026-01-01", until: "2028-01-01") { version } }')

    assert due["provisional"]
    assert (due["earliest"][:10], due["dueAt"][:10], due["latest"][:10]) == ("2027-01-05", "2027-01-07", "2027-01-08")
    assert due["explanation"][-1]["note"] == "周四工作日，第7个工作日（2027年安排未公布，暂计）"
    assert shown == {"count": 0, "shifts": [], "refusals": []}
    assert [each["code"] for each in barred["refusals"]] == ["NOT_ALLOWED"]
    assert far["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_everyone_sees_the_states_years_and_a_zones_are_for_its_people(database: str) -> None:
    world, other = await a_world(), await a_world("GZ")
    await publish(zone=world.zone, days=[ZHUANG])
    document = "{ calendarYears(first: 200) { totalCount nodes { year zone { code } moves { name allowed } } } }"
    async with served() as http:
        ours = (await (await signed_in(http, world.administrator)).ask(document))["calendarYears"]
        contact = (await (await signed_in(http, world.contact)).ask(document))["calendarYears"]
        theirs = (await (await signed_in(http, other.administrator)).ask(document))["calendarYears"]

    assert (ours["totalCount"], contact["totalCount"], theirs["totalCount"]) == (24, 24, 23)
    assert ours["nodes"][-1]["zone"] == {"code": "GL"}
    assert [each["moves"][0] for each in ours["nodes"][-2:]] == [
        {"name": "correctCalendarDays", "allowed": False}, {"name": "correctCalendarDays", "allowed": True}
    ]


async def calendar(client: Client, zone: str, since: str, until: str) -> Any:
    document = "query($zone: ID, $since: Date!, $until: Date!) { calendar(zoneId: $zone, from: $since, until: $until)" \
        " { version officeHours days { day kind name works published } } }"
    return (await client.ask(document, zone=zone, since=since, until=until))["calendar"]


async def reckoned(client: Client, zone: str, start: str, limit: str) -> Any:
    document = "query($zone: ID, $start: DateTime!, $limit: String!) { deadlineFor(zoneId: $zone, start: $start," \
        " limit: $limit) { dueAt provisional earliest latest calendarVersion explanation { day counted note } } }"
    return (await client.ask(document, zone=zone, start=start, limit=limit))["deadlineFor"]


async def test_a_deadline_is_counted_at_the_terminal(sqlite_url: str) -> None:
    async with opened(sqlite_url):
        zone = await a_zone("GL")
        await publish(zone=zone, year=2026, days=[a_day("2026-02-26", DayKind.HOLIDAY, "三月三")])

    counted = await qiban("deadline", "2026-02-13", "+5wd", "--zone", "GL", url=sqlite_url)
    bare = await qiban("deadline", "2026-02-13", "+5wd", LANG="en_US.UTF-8")
    late = await qiban("deadline", "2026-12-28", "7wd", url=sqlite_url)
    hours = await qiban("deadline", "2026-02-13T16:30", "+4wh", url=sqlite_url)

    assert counted.out.splitlines()[0] == "2026-02-28"
    assert "2026-02-26 周四 节假日 三月三  不计  三月三放假" in counted.out.splitlines()
    assert bare.out.splitlines()[:2] == ["2026-02-27", "final (calendar version 23)"]
    assert late.out.splitlines()[:2] == ["2027-01-07", "暂定：最早 2027-01-05，最迟 2027-01-08（日历第23版）"]
    assert hours.out.splitlines()[0] == "2026-02-14T11:30+08:00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2026-02-30", "+5wd"], "“2026-02-30”不是日期或时间"),
        (["2026-02-13", "+0wd"], "时限最短1"),
        (["2026-02-13", "+5wd", "--zone", "GL"], "没有代码为“GL”的高新区"),
    ],
)
async def test_what_cannot_be_counted_is_refused(sqlite_url: str, arguments: list[str], said: str) -> None:
    ended = await qiban("deadline", *arguments, url=sqlite_url)

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


async def test_a_file_with_wrong_lines_is_refused_with_all_of_them(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(notice() + "2026-12-31,holiday,\n2027-03-08,make_up,\n2027-10-01,holiday,国庆节\n")

    refused = await qiban("calendar", "import", file, "--year", "2027", url=sqlite_url)
    missing = await qiban("calendar", "import", tmp_path / "none.csv", "--year", "2027", url=sqlite_url)

    assert (refused.code, missing.code) == (1, 1)
    assert [line.partition("：")[2] for line in refused.err.splitlines()] == [
        "第35行：2026-12-31 不在2027年。", "2027-10-01 出现2次。", "2027-03-08 是周一，不能是调休上班日。"
    ]


async def test_a_year_is_shown_edited_tried_imported_and_corrected_at_the_terminal(
    sqlite_url: str, tmp_path: Path
) -> None:
    presumed = (await qiban("calendar", "show", "2027", "--csv", url=sqlite_url)).out
    file, fixed = tmp_path / "2027.csv", tmp_path / "fixed.csv"
    file.write_text(presumed.replace("2027-10-04,working,", "2027-10-04,holiday,国庆节"))
    fixed.write_text("2027-10-05,holiday,国庆节\n")

    tried = await qiban("calendar", "import", file, "--year", "2027", "--dry-run", url=sqlite_url)
    early = await qiban("calendar", "correct", fixed, "--year", "2027", url=sqlite_url)
    done = await qiban("calendar", "import", file, "--year", "2027", "--source", "示例通知", url=sqlite_url)
    await qiban("calendar", "correct", fixed, "--year", "2027", url=sqlite_url)
    shown = await qiban("calendar", "show", "2027", url=sqlite_url)

    assert "将变更0个时限；未写入。" in tried.err
    assert (early.code, done.code) == (1, 0) and "2027年尚未公布" in early.err
    assert shown.out.startswith("2027年：已公布；工作日252天；日历第25版\n")
    assert shown.out.splitlines()[-2:] == ["2027-10-04 周一 节假日 国庆节", "2027-10-05 周二 节假日 国庆节"]


async def test_years_are_read_page_by_page_by_plan_as_by_the_executor(database: str) -> None:
    world = await a_world()
    document = """query Years($after: String) { calendarYears(first: 2, after: $after) {
        nodes { year } pageInfo { endCursor hasNextPage } } }"""
    async with served() as http:
        client = await signed_in(http, world.administrator)
        first, again = [(await client.ask(document))["calendarYears"] for _ in range(2)]
        assert first == again and first["pageInfo"]["hasNextPage"]

        second = (await client.ask(document, after=again["pageInfo"]["endCursor"]))["calendarYears"]

    assert not {each["year"] for each in first["nodes"]} & {each["year"] for each in second["nodes"]}
