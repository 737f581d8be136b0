"""What tells the figures of the demonstration: campaigns, certificates, rounds, visits, counts, outcomes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.agencies import Agency, AgencyKind
from domain.assignments import Assignment
from domain.campaigns import Campaign
from domain.facts import FactStatus
from domain.filed_counts import FiledCount, Measure
from domain.kinds import RecognitionKind
from domain.outcomes import Outcome, OutcomeKind
from domain.recognitions import Recognition
from domain.rounds import VisitRound
from domain.stated_figures import StatedFigure, StatedUnit
from domain.visits import Visit, VisitPurpose
from workflows.demo_rows import Named, Part, Row, Season, entered, its

HNTE, PRINTED = RecognitionKind.HIGH_TECH, FactStatus.PRINTED


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


def an_agency(name: str, kind: AgencyKind) -> Row:
    return entered(Agency, "enlist", name, name=name, kind_of=kind, synthetic=True, source="示例")


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


def a_round(name: str, since: date, until: date, source: str, **given: Any) -> Row:
    return entered(
        VisitRound, "announce", name, name=name, year=since.year, since=since, until=until,
        source=f"{source}（起止日期为示例）", **given,
    )


def visited(round_: str, on: date) -> Part:
    return its(Visit, "record", round=Named(round_), visited_on=on, purposes=[VisitPurpose.LEARN], source="示例")


def outcome(kind: OutcomeKind, yuan: int | None, on: date, source: str, **given: Any) -> Part:
    amount = None if yuan is None else Decimal(yuan)
    made_up = "日期" if yuan is None else "单项金额、日期"
    return its(
        Outcome, "record", outcome_kind=kind, amount=amount, happened_on=on, source=f"{source}（{made_up}为示例）",
        **given,
    )


def share(place: int, count: int, yuan: int) -> int:
    """One of so many parts of a sum, in ten thousands but for the first."""
    each = yuan // count // 10_000 * 10_000
    return yuan - each * (count - 1) if place == 0 else each


def assigned(name: str, since: date, source: str, **given: Any) -> Row:
    return entered(Assignment, "assign", person=Named(name), since=since, source=source, **given)
