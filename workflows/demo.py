"""The demonstration: eight zones, the worked cases at different stages, a full board, the figures that the texts print,
and accounts to look around with.

All of it is made by the service's own moves, in one transaction: it is there whole or not at all. The clock is
stopped for the whole process while they are made, so load from a process that does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import clock, database
from domain.calendar import shipped
from domain.refusals import Refusal, Refused
from domain.viewers import Role
from domain.zones import Zone
from workflows import demo_zones as zones
from workflows.demo_board import BOARD
from workflows.demo_figures import FIGURES
from workflows.demo_rows import Books, Chapter
from workflows.demo_zones import PLANS, Cast, Keys, Plan, found
from workflows.passwords import hashed
from workflows.scripts import OPENING, Script, Showing
from workflows.worked_cases import (
    DESIGNATED,
    FALLBACK,
    GANZHOU,
    HAICHANG,
    HEBI_ON_SITE,
    HEBI_PLANNED,
    JINGE,
    WOODPECKER,
    ZHENGCHENG,
)

PASSWORD = "qiban-demo"
NATION = Plan("CN", "全国示范（演示数据）", fallback="", departments={}, companions=0, leader="领导")
OPENED = 60  # working days before today
NOT_FOR_DEMO = Refusal(
    "NOT_FOR_DEMO", "数据库里已有高新区“{name}”：演示数据只装入空库。",
    "The database holds the zone “{name}” already: demo data goes into an empty one only.",
)


@dataclass(frozen=True)
class DemoAccount:
    """A way in: who one is, as what, and where."""

    login: str
    password: str
    name: str
    role_zh: str
    role_en: str
    zone: str


@dataclass(frozen=True)
class Billing:
    """A script as the demonstration shows it: stopped after the line called `until`, `days` working days ago."""

    script: Script
    days: int
    until: str | None = None

    def begins(self, today: date) -> date:
        return shipped().add_working_days(today, -(self.days + self.script.days_until(self.until)))


BILLINGS = (
    Billing(WOODPECKER, 9),
    Billing(JINGE, 2, "report"),
    Billing(HAICHANG, 2, "submit 开放板块"),
    Billing(ZHENGCHENG, 1, "collect"),
    Billing(HEBI_ON_SITE, 8),
    Billing(HEBI_PLANNED, 3, "start 科技局"),
    Billing(FALLBACK, 1, "sign 兜底板块"),
    Billing(DESIGNATED, 1, "designate 住建局"),
    Billing(GANZHOU, 1, "fix 科技局"),
    *(Billing(script, days) for script, days in BOARD),
)

LOGINS: Mapping[str, Mapping[str, tuple[str, Role]]] = {
    "CN": {
        NATION.leader: ("cn.leader", Role.LEADER),
        zones.AUDITOR: ("cn.auditor", Role.AUDITOR),
    },
    "GL": {
        zones.ADMINISTRATOR: ("gl.admin", Role.ADMINISTRATOR),
        zones.DISPATCHER: ("gl.dispatcher", Role.DISPATCHER),
        zones.LEADER: ("gl.leader", Role.LEADER),
        zones.AUDITOR: ("gl.auditor", Role.AUDITOR),
        zones.companion(1): ("gl.companion01", Role.COMPANION),
        zones.companion(2): ("gl.companion02", Role.COMPANION),
        zones.liaison("自然资源局"): ("gl.land", Role.LIAISON),
        zones.liaison("住建局"): ("gl.housing", Role.LIAISON),
        zones.liaison("企业服务中心"): ("gl.service", Role.LIAISON),
        zones.contact(WOODPECKER.enterprise): ("gl.contact", Role.CONTACT),
    },
    "QT": {
        zones.DISPATCHER: ("qt.dispatcher", Role.DISPATCHER),
        zones.liaison("兜底板块"): ("qt.fallback", Role.LIAISON),
    },
    "GZ": {zones.LEADER: ("gz.leader", Role.LEADER)},
}


async def load(
    progress: Callable[[int, int], None] | None = None, chapters: Sequence[Chapter] = FIGURES
) -> list[DemoAccount]:
    """Load the demonstration into an empty database, once; the accounts to sign in with.

    `chapters` are the figures it shows beside the cases. Raises `Refused` when the database holds other zones.
    """
    async with database.transaction():
        first = await Zone.all().order_by("path").first()
        if first is None:
            await _make(progress or (lambda done, total: None), chapters)
        elif not await Zone.filter(code=NATION.code, name=NATION.name).exists():
            raise Refused(NOT_FOR_DEMO.about(name=first.name))
    return accounts()


def accounts() -> list[DemoAccount]:
    plans = {NATION.code: NATION, **PLANS}
    return [
        DemoAccount(login, PASSWORD, name, role.zh, role.en.partition(":")[0], f"{code} {plans[code].name}")
        for code, people in LOGINS.items()
        for name, (login, role) in people.items()
    ]


async def _make(progress: Callable[[int, int], None], chapters: Sequence[Chapter]) -> None:
    today = clock.today().date()
    steps = 1 + len(PLANS) + sum(len(each.portions) for each in chapters)
    steps += sum(each.script.count_until(each.until) for each in BILLINGS)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, steps)

    opened = datetime.combine(shipped().add_working_days(today, -OPENED), OPENING, clock.OFFICE_ZONE)
    with clock.stopped(opened):
        casts = await _found_all(step)
        books = Books(casts)
        for chapter in chapters:
            await books.write(chapter, step)
    for showing in _in_order([_shown(each, casts, today) for each in BILLINGS]):
        await showing.next()
        step()


async def _found_all(step: Callable[[], None]) -> dict[str, Cast]:
    password_hash = await hashed(PASSWORD)
    casts: dict[str, Cast] = {}
    for plan in (NATION, *PLANS.values()):
        logins = {name: login for name, (login, _) in LOGINS.get(plan.code, {}).items()}
        parent = casts[NATION.code].zone if casts else None
        casts[plan.code] = await found(plan, parent, Keys(logins, password_hash))
        step()
    return casts


def _shown(billing: Billing, casts: Mapping[str, Cast], today: date) -> tuple[Showing, int]:
    script = billing.script
    return Showing(script, casts[script.zone], billing.begins(today)), script.count_until(billing.until)


def _in_order(shown: Iterable[tuple[Showing, int]]) -> list[Showing]:
    """Whose line comes next, line by line in the order of time, so that numbers and keys grow with the days."""
    lines = [
        (showing.moment(line.day, place), order, showing)
        for order, (showing, count) in enumerate(shown)
        for place, line in enumerate(showing.script.lines[:count])
    ]
    return [showing for _, _, showing in sorted(lines, key=lambda each: each[:2])]
