"""The figures that the texts print, as rows of the demonstration: a small table, and the rows it takes to show them.

Beside each stands the row of the source it comes from. The numbers are printed there; the enterprises, persons and
days behind them are made up (示例) unless a text names them, and so is whatever the sources leave open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle

from domain.agencies import AgencyKind
from domain.campaigns import Campaign
from domain.cases import Category
from domain.checklists import Checklist, ChecklistTemplate, Link
from domain.filed_counts import Measure
from domain.kinds import Level, RecognitionKind
from domain.outcomes import OutcomeKind
from domain.people import Person
from domain.posts import Post
from domain.stated_figures import Bound, StatedUnit
from domain.teams import Team, TeamKind
from workflows import demo_policies
from workflows.demo_entries import (
    HNTE,
    a_campaign,
    a_round,
    an_agency,
    assigned,
    certified,
    counted,
    outcome,
    season,
    share,
    stated,
    visited,
)
from workflows.demo_rows import Chapter, Named, Part, Season, asked, entered, firm, in_the_zone, its, known
from workflows.demo_zones import ADMINISTRATOR, KARAMAY

# GZ-01, GZ-07: whom agencies coached, how many of these passed. 45 and 39 are printed, how they divide is made up.
AGENCIES = (("A", 12, 11), ("B", 9, 9), ("C", 7, 7), ("D", 5, 3), ("E", 4, 4), ("F", 3, 3), ("G", 5, 2))
# GZ-09: enterprises surveyed, above scale and below (“200余”); those who applied are among the former.
SURVEYED = (157, 200)
# GL-07: firms asked (“110余”), what they asked (“200多条”) in five categories, which no text names; GL-11, in yuan.
ASKED, ISSUES, BUILT = 110, 200, (("新建项目投资", 2_600_000_000), ("预计年产值", 5_000_000_000))
# XY-05: 183 certificates valid, 86 of 108 passed.
XINYI_BEFORE, XINYI_PASSED, XINYI_FAILED = 97, 86, 22
# HB-12: 48 of 62 passed, 90 in all, 23 more than before.
HEBI_STAYED, HEBI_EXPIRED, HEBI_PASSED, HEBI_FAILED = 42, 25, 48, 14
# XY-01: three posts in each of 18 towns, 165 full-time staff.
TOWNS = tuple(f"示例镇{number:02d}" for number in range(1, 19))
HEAD, STAFF_TITLES, STAFF, BEGAN = "分管领导", ("科技助理", "科技专员"), 165, date(2023, 1, 1)
# XY-10: of 54 projects filed 32 were approved; yuan of these, of 35 contracts, of 13 bounties; 65 firms had 84 needs.
PROJECTS, APPROVED, CONTRACTS, BOUNTIES = 54, (32, 36_580_000), (35, 68_810_000), (13, 56_300_000)
NEEDS = (("有产学研需求的企业", 65), ("产学研需求", 84))
HELPS = (
    "联姻一所高校", "引进一名专家", "实施一项产学研合作", "建设一个研发机构", "建立一份研发投入台账",
    "落实一项科技税收政策", "申报一项科技项目", "申请一项发明专利",
)
# KRM-09, KRM-22, KRM-24, KRM-26; what each prize and grant came to is made up, but for their sums.
KARAMAY_PASSED, ROUNDS, SATISFIED = 41, 3, 97
PRIZES = (("一等奖", 4, 500_000), ("二等奖", 5, 350_000), ("三等奖", 7, 200_000))
GRANTS = 18, 40_050_000
GRANTED = {
    "新疆正通石油天然气股份有限公司": (Level.CITY, "市级重大科技专项"),
    "克拉玛依市科能防腐技术有限责任公司": (Level.NATIONAL, "科技助力经济2020"),
}
# KRM-23, W2: one figure, two bases.
BASES = (("S0", "2019年"), ("S1", "此前三年"))
# LYG-06
LIANYUNGANG = (
    (HNTE, Measure.NET, 29), (RecognitionKind.TECH_SME, Measure.RECOGNISED, 373),
    (RecognitionKind.ABOVE_SCALE, Measure.RECOGNISED, 10), (RecognitionKind.SPECIALISED, Measure.RECOGNISED, 17),
)


def ganzhou() -> Iterator[Chapter]:
    agencies = [
        an_agency(f"示例机构{name}", kind) for (name, _, _), kind in zip(AGENCIES, cycle(AgencyKind), strict=False)
    ]
    policies = [row for text in demo_policies.GANZHOU for row in text.drafted]
    above, below = SURVEYED
    strata = [
        {"name": name, "above_scale": is_above, "at_least": least}
        for name, is_above, least in (("规模以上", True, above), ("规模以下", False, below))
    ]
    survey = a_round("摸底走访", date(2023, 3, 1), date(2023, 6, 30), "GZ-09", strata=strata)
    yield Chapter("GZ", [a_campaign(2023, "GZ-01"), survey, *agencies, *policies])
    yield Chapter("GZ", [text.published for text in demo_policies.GANZHOU])
    applied = [
        [season(2023).applied(place < passed, f"示例机构{name}")]
        for name, coached, passed in AGENCIES for place in range(coached)
    ]
    others: list[list[Part]] = [[] for _ in range(above + below - len(applied))]
    yield Chapter("GZ", [
        firm("赣州", number, visited("摸底走访", date(2023, 4, 3)), *parts, above_scale=number <= 100 + above)
        for number, parts in enumerate([*applied, *others], 101)
    ])


def guilin() -> Iterator[Chapter]:
    """The five categories are the service's own."""
    survey, day = "“问需于企”专项调研", date(2023, 5, 10)
    strata = [{"name": "规模以上", "above_scale": True, "at_least": ASKED}]
    yield Chapter("GL", [
        a_round(survey, date(2023, 4, 1), date(2023, 6, 30), "GL-07", strata=strata),
        *(stated(topic, StatedUnit.YUAN, yuan, 2023, "GL-11") for topic, yuan in BUILT),
    ])
    named = [each for each in Category if each is not Category.OTHER]
    issues = [
        asked(f"示例问题{number:03d}（{category.zh}）", category, day)
        for number, category in zip(range(1, ISSUES + 1), cycle(named), strict=False)
    ]
    yield Chapter("GL", [
        firm("桂林", number, visited(survey, day), *issues[number - 101 :: ASKED], above_scale=True)
        for number in range(101, 101 + ASKED)
    ])


def xinyi() -> Iterator[Chapter]:
    """Whoever holds a certificate holds one, so that as many enterprises as certificates are there."""
    yield Chapter("XY", [
        a_campaign(2023, "XY-05"),
        entered(
            Campaign, "announce", "projects", name="2023年科技项目申报", year=2023, opens_on=date(2023, 1, 4),
            recognised_as=RecognitionKind.PROJECT, closes_on=date(2023, 11, 30), source="XY-09（起止日期为示例）",
        ),
        entered(ChecklistTemplate, "lay_out", "helps", name="八帮扶", link=Link.HELP, items=[*HELPS]),
        *(stated(topic, StatedUnit.COUNT, count, 2023, "XY-10") for topic, count in NEEDS),
        counted(HNTE, Measure.STOCK, XINYI_BEFORE + XINYI_PASSED, 2023, "XY-05"),
        entered(Team, "form", "team", name="“两专”科技助理队伍", kind_of=TeamKind.OFFICERS, source="XY-01"),
        *(
            entered(Post, "set_up", f"{town}{title}", unit=town, title=title, since=BEGAN, source="XY-01")
            for town in TOWNS for title in (HEAD, *STAFF_TITLES)
        ),
    ])
    held = [
        [certified(date(2021 + place % 2, 11, 30)), *helped(place)] for place in range(XINYI_BEFORE)
    ]
    applied = [[season(2023).applied(place < XINYI_PASSED)] for place in range(XINYI_PASSED + XINYI_FAILED)]
    yield Chapter("XY", [firm("新沂", number, *parts) for number, parts in enumerate([*held, *applied], 1)])
    staff, heads = [f"示例人员·新沂·{n:03d}" for n in range(1, STAFF + 1)], [f"分管领导（{town}）" for town in TOWNS]
    yield Chapter("XY", [
        in_the_zone(Person, "create", name, name=name, title=title)
        for names, title in ((staff, "专职科技助理"), (heads, HEAD)) for name in names
    ], by=ADMINISTRATOR)
    posts = [(f"{town}{title}") for town in TOWNS for title in STAFF_TITLES]
    yield Chapter("XY", [
        *(assigned(name, BEGAN, "XY-01", team=Named("team")) for name in staff),
        *(assigned(name, BEGAN, "XY-01", post=Named(post)) for name, post in zip(staff, posts, strict=False)),
        *(assigned(name, BEGAN, "XY-01", post=Named(f"{town}{HEAD}")) for name, town in zip(heads, TOWNS, strict=True)),
    ])


def helped(place: int) -> Iterator[Part]:
    """What Xinyi's eight helps brought an enterprise."""
    if place == 0:
        yield its(Checklist, "begin", template=Named("helps"))
    if place < PROJECTS:
        in_season = Season("projects", submitted=date(2023, 6, 1), decided=date(2023, 11, 1))
        yield in_season.applied(place < APPROVED[0], title=f"示例项目{place + 1:02d}")
    ledger = ((OutcomeKind.GRANT, "科技项目", APPROVED), (OutcomeKind.CONTRACT, "产学研合同", CONTRACTS))
    for kind, title, sum_ in (*ledger, (OutcomeKind.OTHER, "揭榜挂帅", BOUNTIES)):
        if place < sum_[0]:
            yield outcome(kind, share(place, *sum_), date(2023, 11, 1), "XY-10", title=title)


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
    """Growth is stated by two texts on different bases (W2); the rounds are of all the enterprises on the books."""
    rounds = [f"2021年第{number}轮走访" for number in range(1, ROUNDS + 1)]
    days = [date(2021, 4 * number + 2, 15) for number in range(ROUNDS)]
    yield Chapter("KRM", [
        *(
            a_round(name, day.replace(month=day.month - 1), day.replace(month=day.month + 2), "KRM-09", number=number)
            for number, (name, day) in enumerate(zip(rounds, days, strict=True), 1)
        ),
        *(
            stated("高新技术企业增长", StatedUnit.PERCENT, 95, 2021, f"KRM-23，{text}", base=base)
            for text, base in BASES
        ),
        stated("公众满意度", StatedUnit.PERCENT, SATISFIED, 2021, "KRM-22", bound=Bound.AT_LEAST),
    ])
    visits = [visited(name, day) for name, day in zip(rounds, days, strict=True)]
    grants = [
        [outcome(OutcomeKind.GRANT, share(place, *GRANTS), date(2021, 9, 1), "KRM-24", level=Level.CITY)]
        for place in range(GRANTS[0])
    ]
    prizes = [
        [outcome(OutcomeKind.PRIZE, yuan, date(2021, 10, 20), "KRM-26", grade=grade)]
        for grade, count, yuan in PRIZES for _ in range(count)
    ]
    rest: list[list[Part]] = [[] for _ in range(KARAMAY_PASSED - len(grants) - len(prizes))]
    yield Chapter("KRM", [
        *(
            firm("克拉玛依", number, certified(date(2021, 11, 25)), *visits, *parts)
            for number, parts in enumerate([*grants, *prizes, *rest], 1)
        ),
        *(known(each.name, *visits, *granted(each.name)) for each in KARAMAY.firms),
    ])


def granted(name: str) -> Iterator[Part]:
    """What a text says an enterprise was given, without the amount."""
    if name in GRANTED:
        level, title = GRANTED[name]
        yield outcome(OutcomeKind.GRANT, None, date(2021, 9, 1), "KRM-24", level=level, title=title)


FIGURES = tuple(chapter for zone in (ganzhou, guilin, xinyi, hebi, lianyungang, karamay) for chapter in zone())
