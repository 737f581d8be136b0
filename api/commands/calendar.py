"""Calendars at the command line: `qiban calendar …`, and `qiban deadline` that counts by them."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import terminal
from api.commands import NO_SUCH_FILE, Lang, app, has_database, ready
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from domain.calendar import Calendar, Day, Moment
    from workflows.calendar import Shift

calendar = typer.Typer(no_args_is_help=True, help="工作日历。Calendars.")
app.add_typer(calendar, name="calendar")

Year = Annotated[int, typer.Option("--year", min=2000, max=2100, help="年份。Year.")]
Table = Annotated[Path, typer.Argument(metavar="FILE", help="日历表：日期、类别、名称。CSV or .xlsx: day, kind, name.")]
ZoneOrState = Annotated[
    str | None, typer.Option("--zone", help="高新区代码；不填为国家安排。Code of the zone; the state's if none.")
]
Source = Annotated[str, typer.Option("--source", help="依据，如通知文号；默认文件名。Source; the file's name if none.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只说明影响，不写入。Say what would change, write nothing.")]
NO_START = Refusal(
    "NO_START", "“{text}”不是日期或时间，应如 2026-02-13 或 2026-02-13T16:30。",
    "{text!r} is no date or time such as 2026-02-13 or 2026-02-13T16:30.",
)
NO_SUCH_YEAR = Refusal("NO_SUCH_YEAR", "{year}年尚未公布，请先导入。", "{year} is not published; import it first.")


@calendar.command("import")
def import_calendar(
    table: Table, year: Year, zone: ZoneOrState = None, source: Source = "", dry_run: DryRun = False, lang: Lang = None
) -> None:
    """公布一年的放假安排（全年逐日，或只列放假与调休）。Publish the arrangement of a year."""
    shifts = asyncio.run(_publish(_read(table), year, zone, source or table.name, dry_run))
    if dry_run:
        _tell(shifts)
    else:
        terminal.say(f"已公布{year}年。", f"Published {year}.")


@calendar.command()
def correct(
    table: Table,
    year: Year,
    zone: ZoneOrState = None,
    source: Source = "",
    confirm: Annotated[
        list[str] | None, typer.Option("--confirm", help="随之变更时限的记录编号，可多次；all 为全部。Ids, or all.")
    ] = None,
    dry_run: DryRun = False,
    lang: Lang = None,
) -> None:
    """更正已公布年份的若干日期；只变更确认的时限。Correct days of a year; only confirmed deadlines move."""
    confirmed = confirm or []
    given = {"confirmed": [each for each in confirmed if each != "all"], "all_confirmed": "all" in confirmed}
    shifts = asyncio.run(_correct(_read(table), year, zone, source or table.name, given, dry_run))
    if dry_run:
        _tell(shifts)
    else:
        terminal.say(f"已更正{year}年。", f"Corrected {year}.")


@calendar.command()
def show(
    year: Annotated[int, typer.Argument(min=2000, max=2100, help="年份。Year.")],
    zone: ZoneOrState = None,
    every_day: Annotated[
        bool, typer.Option("--csv", help="全年逐日，可改后导入。Every day as CSV, to be edited and imported.")
    ] = False,
    lang: Lang = None,
) -> None:
    """显示一年的放假与调休。Show the holidays and make-up days of a year."""
    days = asyncio.run(_calendar(zone))
    every = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    if every_day:
        print("day,kind,name")
        for day in every:
            print(f"{day},{days.kind(day).value},{days.day(day).name}")
        return
    working = sum(map(days.is_working, every))
    known = days.published(every[0])
    status = ("已公布", "published") if known else ("未公布，以下为推定", "not published; what follows is presumed")
    print(terminal.in_words(
        f"{year}年：{status[0]}；工作日{working}天；日历第{days.version}版",
        f"{year}: {status[1]}; {working} working days; calendar version {days.version}",
    ))
    for day in every:
        if days.day(day).name or day in days.special:
            print(_line(day, days.day(day)))


@app.command()
def deadline(
    start: Annotated[str, typer.Argument(help="起算日期或时间。Date or time to count from.")],
    limit: Annotated[str, typer.Argument(help="时限，如 +5wd、+30d、+8wh、+24h。Limit.")],
    zone: ZoneOrState = None,
    lang: Lang = None,
) -> None:
    """推算时限并逐日说明。Count a limit, explained day by day."""
    begins = _start(start)
    limit = limit.removeprefix("+")
    days = asyncio.run(_calendar(zone))
    due = days.after(begins, limit)
    print(_when(due.at, limit))
    print(_certainty(due, limit, days))
    for each in days.explain(begins, limit):
        counted = terminal.in_words("计入", "counted") if each.counted else terminal.in_words("不计", "not counted")
        print(f"{_line(each.day, days.day(each.day))}  {counted}  {terminal.in_words(each.zh, each.en)}")


def _certainty(due: Moment, limit: str, days: Calendar) -> str:
    if not due.provisional:
        return terminal.in_words(f"确定（日历第{days.version}版）", f"final (calendar version {days.version})")
    earliest, latest = _when(due.earliest, limit), _when(due.latest, limit)
    return terminal.in_words(
        f"暂定：最早 {earliest}，最迟 {latest}（日历第{days.version}版）",
        f"provisional: earliest {earliest}, latest {latest} (calendar version {days.version})",
    )


def _when(at: datetime, limit: str) -> str:
    from domain.clock import OFFICE_ZONE

    local = at.astimezone(OFFICE_ZONE)
    return local.isoformat(timespec="minutes") if limit.endswith("h") else local.date().isoformat()


def _line(day: date, what: Day) -> str:
    from domain.calendar.days import WEEKDAYS

    kind, name = terminal.in_words(what.kind.zh, what.kind.value), terminal.in_words(what.name, _english(what.name))
    return f"{day} {terminal.in_words(WEEKDAYS[day.weekday()], f'{day:%a}')} {kind}{f' {name}' if name else ''}"


def _english(name: str) -> str:
    from domain.calendar.festivals import ENGLISH

    return ENGLISH.get(name, name)


def _start(text: str) -> datetime:
    from domain.clock import OFFICE_ZONE

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(NO_START.about(text=text[:40])) from None
    return at if at.tzinfo else at.replace(tzinfo=OFFICE_ZONE)


def _read(table: Path) -> str:
    from domain.calendar.files import text_of

    try:
        return text_of(table)
    except OSError as error:
        raise Refused(NO_SUCH_FILE.about(path=table)) from error


def _tell(shifts: list[Shift]) -> None:
    from domain.clock import OFFICE_ZONE

    terminal.say(f"将变更{len(shifts)}个时限；未写入。", f"{len(shifts)} deadlines would move; nothing was written.")
    for each in shifts:
        was, becomes = (at.astimezone(OFFICE_ZONE) for at in (each.due_at, each.becomes.at))
        print(f"{each.key} {was:%Y-%m-%d %H:%M} → {becomes:%Y-%m-%d %H:%M}")


async def _calendar(code: str | None) -> Calendar:
    """That of a zone with the hours it keeps, or the state's; without a database, as this version carries it."""
    from domain.calendar import shipped
    from domain.calendar.rows import calendar_of
    from domain.clock import today
    from domain.zones import rules_of
    from workflows.founding import zone_called

    if code is None and not has_database():
        return shipped()
    async with ready(new=False):
        zone = await zone_called(code) if code else None
        days = await calendar_of(zone.id if zone else None)
        return days.open_at((await rules_of(zone.id, today().date()))["office_hours"]) if zone else days


async def _publish(text: str, year: int, code: str | None, source: str, dry_run: bool) -> list[Shift]:
    from domain.calendar.rows import CalendarYear
    from domain.viewers import OPERATOR
    from workflows.calendar import preview
    from workflows.founding import zone_called
    from workflows.perform import create

    async with ready(new=False):
        given: dict[str, Any] = {"year": year, "text": text, "source": source}
        if code:
            given["zone"] = await zone_called(code)
        if dry_run:
            return await preview(OPERATOR, **given)
        await create(OPERATOR, CalendarYear, "publish", **given)
        return []


async def _correct(
    text: str, year: int, code: str | None, source: str, given: dict[str, Any], dry_run: bool
) -> list[Shift]:
    from domain.calendar.rows import CalendarYear
    from domain.viewers import OPERATOR
    from workflows.calendar import preview
    from workflows.founding import zone_called
    from workflows.perform import perform

    async with ready(new=False):
        zone = await zone_called(code) if code else None
        found = await CalendarYear.get_or_none(year=year, zone_id=zone.id if zone else None)
        if found is None:
            raise Refused(NO_SUCH_YEAR.about(year=year))
        given = {**given, "text": text, "source": source}
        if dry_run:
            return await preview(OPERATOR, found.id, **given)
        await perform(OPERATOR, CalendarYear, found.id, "correct", **given)
        return []
