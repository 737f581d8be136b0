"""How figures of an enterprise are filed, corrected, preferred to others and struck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from tortoise.queryset import QuerySet

from domain.exact import written
from domain.facts import FactStatus
from domain.indicators import MAY_BE_NEGATIVE, UNITS, Indicator, IndicatorKind, IndicatorState, IndicatorUnit, year_of
from domain.refusals import BAD_INPUT, REQUIRED, Refusal, Refused
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_CONTACT, LEADER
from workflows.filed_counts import PERIOD_REVERSED
from workflows.flow import Flow, Move
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = IndicatorState
KEEPERS = (ACCOMPANYING, DISPATCHER, LEADER)
INDICATOR_PERIOD = Refusal(
    "INDICATOR_PERIOD", "指标须有统计期：写年度，或写起止日。",
    "A figure needs the period it is of: either a year, or a first and a last day.", "since",
)
PERIOD_AHEAD = Refusal("PERIOD_AHEAD", "统计期尚未结束。", "The period has not ended yet.", "until")
WRONG_UNIT = Refusal("WRONG_UNIT", "“{kind}”的单位须为{units}。", "“{kind_en}” is given in {units_en}.", "unit")
NOT_NEGATIVE = Refusal("NOT_NEGATIVE", "“{kind}”不能为负。", "“{kind_en}” is not below zero.", "value")
TITLE_ONLY_OTHER = Refusal(
    "TITLE_ONLY_OTHER", "只有“其他”指标另写名称。", "Only OTHER has a title of its own.", "title"
)
INDICATOR_FILED = Refusal(
    "INDICATOR_FILED", "此来源已填报该期指标（{value}{unit}），请更正。",
    "This source has a figure of that period already ({value}, {unit_en}); correct that one.", "source",
)
BASIS_BY_OFFICE = Refusal(
    "BASIS_BY_OFFICE", "企业填报的依据只能是“填报”。", "What an enterprise files is REPORTED.", "status"
)
PREFERRED_ALREADY = Refusal(
    "PREFERRED_ALREADY", "该期已采信“{source}”，请先取消。",
    "“{source}” is taken for that period; release that one first.",
)

Number = Annotated[Decimal, Words("数值", "Value", places=4, negative=True)]
InUnit = Annotated[IndicatorUnit, Words("单位", "IndicatorUnit")]
Source = Annotated[str, Words("来源", "Source", 300)]
Status = Annotated[FactStatus, Words("依据", "How it is known")]


@dataclass(kw_only=True)
class FileIndicator:
    """A figure of a year, or of the days `since` through `until`; of one day, of what there was on it."""

    kind_of: Annotated[IndicatorKind, Words("指标", "What is measured")]
    value: Number
    unit: InUnit
    source: Source
    title: Annotated[str, Words("名称", "Title, of OTHER", 100, empty=True)] = ""
    year: Annotated[int | None, Words("年度", "Year, the whole of it")] = None
    since: Annotated[date | None, Words("起始日", "First day")] = None
    until: Annotated[date | None, Words("截止日", "Last day")] = None
    status: Status = FactStatus.REPORTED


@dataclass(kw_only=True)
class Correction:
    value: Number
    unit: InUnit
    reason: Reason
    source: Annotated[str, Words("来源", "Source; the same unless told", 300, empty=True)] = ""
    status: Status = FactStatus.REPORTED


@dataclass(kw_only=True)
class Edition(FileIndicator):
    """What takes the place of a corrected figure."""

    corrects: Annotated[Indicator, Words("原指标", "The figure it corrects")]
    preferred: Annotated[bool, Words("采信", "Preferred")] = False


async def file(step: Step) -> None:
    row, given = step.record, step.input
    if given.status is not FactStatus.REPORTED and row.enterprise_id in step.viewer.enterprises:
        raise Refused(BASIS_BY_OFFICE)
    await enter(step)


async def issue(step: Step) -> None:
    step.record.corrects_id, step.record.preferred = step.input.corrects.id, step.input.preferred
    await enter(step)


async def enter(step: Step) -> None:
    row, given = step.record, step.input
    if given.kind_of is IndicatorKind.OTHER and not given.title:
        raise Refused(REQUIRED.about("title"))
    if given.kind_of is not IndicatorKind.OTHER and given.title:
        raise Refused(TITLE_ONLY_OTHER)
    row.since, row.until = period_of(step)
    for name in ("kind_of", "title", "source", "status"):
        setattr(row, name, getattr(given, name))
    measure(row, given.value, given.unit)
    if other := await alike(row).filter(source=row.source).exclude(id=row.corrects_id or row.id).first():
        raise Refused(INDICATOR_FILED.about(value=written(other.value), unit=other.unit.zh, unit_en=other.unit.value))


def period_of(step: Step) -> tuple[date, date]:
    given, days = step.input, (step.input.since, step.input.until)
    if (given.year is None) == (days == (None, None)) or (given.year is None and None in days):
        raise Refused(INDICATOR_PERIOD)
    if given.year is not None and not 1990 <= given.year <= 2099:
        raise Refused(BAD_INPUT.about("year", problem_zh="年度为1990至2099", problem_en="a year is 1990 to 2099"))
    since, until = year_of(given.year) if given.year is not None else days
    if since > until:
        raise Refused(PERIOD_REVERSED)
    if until > step.today:
        raise Refused(PERIOD_AHEAD)
    return since, until


def measure(row: Indicator, value: Decimal, unit: IndicatorUnit) -> None:
    kind, units = row.kind_of, UNITS[row.kind_of]
    if unit not in units:
        words = {"units": "、".join(each.zh for each in units), "units_en": " or ".join(each.value for each in units)}
        raise Refused(WRONG_UNIT.about(kind=kind.zh, kind_en=kind.en, **words))
    if value < 0 and kind not in MAY_BE_NEGATIVE:
        raise Refused(NOT_NEGATIVE.about(kind=kind.zh, kind_en=kind.en))
    row.value, row.unit = value, unit


def alike(row: Indicator) -> QuerySet[Indicator]:
    """What else stands of the same indicator and period."""
    same = {name: getattr(row, name) for name in ("enterprise_id", "kind_of", "title", "since", "until")}
    return Indicator.filter(**same, state=S.FILED).exclude(id=row.id)


async def correct(step: Step) -> None:
    row, given = step.record, step.input
    measure(Indicator(kind_of=row.kind_of), given.value, given.unit)


async def take_its_place(step: Step) -> None:
    old, given = step.record, step.input
    same = {name: getattr(old, name) for name in ("kind_of", "title", "since", "until", "preferred")}
    new = {"value": given.value, "unit": given.unit, "source": given.source or old.source, "status": given.status}
    await step.create(Indicator, "issue", **same, **new, corrects=old)


async def prefer(step: Step) -> None:
    if other := await alike(step.record).filter(preferred=True).first():
        raise Refused(PREFERRED_ALREADY.about(source=other.source))
    step.record.preferred = True


async def release(step: Step) -> None:
    step.record.preferred = False


INDICATOR = Flow(
    Indicator,
    IndicatorState,
    [
        Move(
            "file", "填报指标", "File a figure", (), S.FILED, (*KEEPERS, ITS_CONTACT, THE_OPERATOR),
            input=FileIndicator, act=file,
        ),
        Move("issue", "更正为", "The edition that takes its place", (), S.FILED, input=Edition, act=issue),
        Move(
            "correct", "更正", "Correct", (S.FILED,), S.CORRECTED, KEEPERS,
            input=Correction, act=correct, then=take_its_place,
        ),
        Move(
            "prefer", "采信", "Take this one where sources differ", (S.FILED,), None, (DISPATCHER, LEADER),
            input=WithReason, act=prefer,
        ),
        Move(
            "release", "不再采信", "Take it no longer", (S.FILED,), None, (DISPATCHER, LEADER),
            input=WithReason, act=release,
        ),
        Move(
            "strike", "作废", "Strike", (S.FILED,), S.STRUCK, (DISPATCHER, LEADER),
            input=WithReason, act=release,  # what was struck is taken by nobody
        ),
    ],
    zh="指标",
    en="Indicator",
)
