"""The figures that the texts print, as rows of the demonstration: a small table, and the rows it takes to show them.

Beside each stands the row of the source it comes from. The numbers are printed there; the enterprises, persons and
days behind them are made up (示例) unless a text names them, and so is whatever the sources leave open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any

from domain.agencies import Agency, AgencyKind
from domain.assignments import Assignment
from domain.campaigns import Campaign
from domain.facts import FactStatus
from domain.filed_counts import FiledCount, Measure
from domain.kinds import RecognitionKind
from domain.people import Person
from domain.posts import Post
from domain.recognitions import Recognition
from domain.stated_figures import StatedFigure, StatedUnit
from domain.teams import Team, TeamKind
from workflows import demo_policies
from workflows.demo_rows import Chapter, Named, Part, Row, Season, entered, firm, in_the_zone, its
from workflows.demo_zones import ADMINISTRATOR

HNTE, PRINTED = RecognitionKind.HIGH_TECH, FactStatus.PRINTED

# GZ-01, GZ-07: whom agencies coached, how many of these passed. 45 and 39 are printed, how they divide is made up.
AGENCIES = (("A", 12, 11), ("B", 9, 9), ("C", 7, 7), ("D", 5, 3), ("E", 4, 4), ("F", 3, 3), ("G", 5, 2))
# XY-05: 183 certificates valid, 86 of 108 passed.
XINYI_BEFORE, XINYI_PASSED, XINYI_FAILED = 97, 86, 22
# HB-12: 48 of 62 passed, 90 in all, 23 more than before.
HEBI_STAYED, HEBI_EXPIRED, HEBI_PASSED, HEBI_FAILED = 42, 25, 48, 14
# XY-01: three posts in each of 18 towns, 165 full-time staff.
TOWNS = tuple(f"示例镇{number:02d}" for number in range(1, 19))
HEAD, STAFF_TITLES, STAFF, BEGAN = "分管领导", ("科技助理", "科技专员"), 165, date(2023, 1, 1)
# KRM-23, W2: one figure, two bases.
BASES = (("S0", "2019年"), ("S1", "此前三年"))
# LYG-06
LIANYUNGANG = (
    (HNTE, Measure.NET, 29), (RecognitionKind.TECH_SME, Measure.RECOGNISED, 373),
    (RecognitionKind.ABOVE_SCALE, Measure.RECOGNISED, 10), (RecognitionKind.SPECIALISED, Measure.RECOGNISED, 17),
)


def ganzhou() -> Iterator[Chapter]:
    agencies = [
        entered(
            Agency, "enlist", f"示例机构{name}", name=f"示例机构{name}", kind_of=kind, synthetic=True, source="示例"
        )
        for (name, _, _), kind in zip(AGENCIES, cycle(AgencyKind), strict=False)
    ]
    policies = [row for text in demo_policies.GANZHOU for row in text.drafted]
    yield Chapter("GZ", [a_campaign(2023, "GZ-01"), *agencies, *policies])
    yield Chapter("GZ", [text.published for text in demo_policies.GANZHOU])
    applied = [
        season(2023).applied(place < passed, f"示例机构{name}")
        for name, coached, passed in AGENCIES for place in range(coached)
    ]
    yield Chapter("GZ", [firm("赣州", number, part) for number, part in enumerate(applied, 101)])


def xinyi() -> Iterator[Chapter]:
    """Whoever holds a certificate holds one, so that as many enterprises as certificates are there."""
    yield Chapter("XY", [
        a_campaign(2023, "XY-05"), counted(HNTE, Measure.STOCK, XINYI_BEFORE + XINYI_PASSED, 2023, "XY-05"),
        entered(Team, "form", "team", name="“两专”科技助理队伍", kind_of=TeamKind.OFFICERS, source="XY-01"),
        *(
            entered(Post, "set_up", f"{town}{title}", unit=town, title=title, since=BEGAN, source="XY-01")
            for town in TOWNS for title in (HEAD, *STAFF_TITLES)
        ),
    ])
    held = [[certified(date(2021 + place % 2, 11, 30))] for place in range(XINYI_BEFORE)]
    applied = [[season(2023).applied(place < XINYI_PASSED)] for place in range(XINYI_PASSED + XINYI_FAILED)]
    yield Chapter("XY", [firm("新沂", number, *parts) for number, parts in enumerate([*held, *applied], 1)])
    staff, heads = [f"示例人员·新沂·{n:03d}" for n in range(1, STAFF + 1)], [f"分管领导（{town}）" for town in TOWNS]
    yield Chapter("XY", [
        in_the_zone(Person, "create", name, name=name, title=title)
        for names, title in ((staff, "专职科技助理"), (heads, HEAD)) for name in names
    ], by=ADMINISTRATOR)
    posts = [(f"{town}{title}") for town in TOWNS for title in STAFF_TITLES]
    yield Chapter("XY", [
        *(assigned(name, team=Named("team")) for name in staff),
        *(assigned(name, post=Named(post)) for name, post in zip(staff, posts, strict=False)),
        *(assigned(name, post=Named(f"{town}{HEAD}")) for name, town in zip(heads, TOWNS, strict=True)),
    ])


def hebi() -> Iterator[Chapter]:
    """Those who applied in vain are among those whose certificate ran out that year."""
    yield Chapter("HB", [
        a_campaign(2021, "HB-12"), counted(HNTE, Measure.RECOGNISED, HEBI_PASSED, 2021, "HB-12"),
        counted(HNTE, Measure.NET, HEBI_PASSED - HEBI_EXPIRED, 2021, "HB-12"),
        counted(HNTE, Measure.STOCK, HEBI_STAYED + HEBI_PASSED, 2021, "HB-12"),
    ])
    of_2021 = season(2021, recommended=True)
    again: list[Part] = [of_2021.applied(False, first_time=False)]
    held = [[certified(date(2019, 12, 2))] for _ in range(HEBI_STAYED)]
    expired = [[certified(date(2018, 11, 29)), *again * (place < HEBI_FAILED)] for place in range(HEBI_EXPIRED)]
    passed = [[of_2021.applied(True)] for _ in range(HEBI_PASSED)]
    yield Chapter("HB", [firm("鹤壁", number, *parts) for number, parts in enumerate([*held, *expired, *passed], 2)])


def lianyungang() -> Iterator[Chapter]:
    yield Chapter("LYG", [counted(kind, measure, count, 2023, "LYG-06") for kind, measure, count in LIANYUNGANG])


def karamay() -> Iterator[Chapter]:
    """Growth is stated by two texts on different bases (W2)."""
    yield Chapter("KRM", [
        stated("高新技术企业增长", StatedUnit.PERCENT, 95, 2021, f"KRM-23，{text}", base=base) for text, base in BASES
    ])


def a_year(of: int) -> dict[str, Any]:
    return {"since": date(of, 1, 1), "until": date(of, 12, 31)}


def a_campaign(of: int, source: str) -> Row:
    return entered(
        Campaign, "announce", "campaign", name=f"{of}年高新技术企业申报", year=of, recognised_as=HNTE,
        opens_on=date(of, 5, 4), closes_on=date(of, 8, 31), source=f"{source}（起止日期为示例）",
    )


def season(of: int, recommended: bool = False) -> Season:
    return Season(
        "campaign", submitted=date(of, 8, 1), decided=date(of, 11, 20), valid_until=date(of + 3, 11, 19),
        recommended=date(of, 9, 15) if recommended else None,
    )


def certified(on: date) -> Part:
    """A certificate that holds for three years."""
    until = on.replace(year=on.year + 3) - timedelta(days=1)
    return its(Recognition, "record", recognised_as=HNTE, recognised_on=on, valid_until=until, source="示例")


def counted(kind: RecognitionKind, measure: Measure, count: int, of: int, source: str) -> Row:
    period: dict[str, Any] = {"until": date(of, 12, 31)} if measure is Measure.STOCK else a_year(of)
    return entered(
        FiledCount, "file", recognised_as=kind, measure=measure, count=count, source=source, status=PRINTED, **period
    )


def stated(topic: str, unit: StatedUnit, value: int, of: int, source: str, **given: Any) -> Row:
    return entered(
        StatedFigure, "state", topic=topic, unit=unit, value=Decimal(value), source=source, status=PRINTED,
        **a_year(of), **given,
    )


def assigned(name: str, **given: Any) -> Row:
    return entered(Assignment, "assign", person=Named(name), since=BEGAN, source="XY-01", **given)


FIGURES = tuple(chapter for zone in (ganzhou, xinyi, hebi, lianyungang, karamay) for chapter in zone())
