"""Indicators 指标: dated figures of an enterprise, each of a period, in a unit, from a source (QT-03)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.enterprises import Enterprise, OfEnterprise
from domain.exact import Exact
from domain.facts import FactStatus
from domain.words import Word
from domain.zones import Zone


class IndicatorKind(Word):
    """指标: what is measured; OTHER by its title."""

    REVENUE = "revenue", "营业收入", "Revenue"
    HIGH_TECH_REVENUE = "high_tech_revenue", "高新技术产品（服务）收入", "Revenue from high-tech products and services"
    OUTPUT = "output", "工业总产值", "Gross output"
    PROFIT = "profit", "利润总额", "Profit"
    TAX_PAID = "tax_paid", "纳税额", "Tax paid"
    EXPORTS = "exports", "出口额", "Exports"
    INVESTMENT = "investment", "固定资产投资", "Investment in fixed assets"
    RD_SPEND = "rd_spend", "研发投入", "R&D spend"
    STAFF = "staff", "职工人数", "Staff"
    RD_STAFF = "rd_staff", "研发人员", "R&D staff"
    PATENTS = "patents", "有效专利", "Patents in force"
    INVENTION_PATENTS = "invention_patents", "有效发明专利", "Invention patents in force"
    OTHER = "other", "其他", "Anything else, as its title says"


class IndicatorUnit(Word):
    """计量单位"""

    YUAN = "yuan", "元", "Yuan"
    WAN_YUAN = "wan_yuan", "万元", "Ten thousand yuan"
    YI_YUAN = "yi_yuan", "亿元", "Hundred million yuan"
    PERSON = "person", "人", "Persons"
    PIECE = "piece", "件", "Pieces"
    PERCENT = "percent", "%", "Per cent"
    OTHER = "other", "其他", "As the title says"


YUAN: Mapping[IndicatorUnit, int] = {IndicatorUnit.YUAN: 1, IndicatorUnit.WAN_YUAN: 10**4, IndicatorUnit.YI_YUAN: 10**8}
MONEY, PERSONS, PIECES = tuple(YUAN), (IndicatorUnit.PERSON,), (IndicatorUnit.PIECE,)
K = IndicatorKind
UNITS: Mapping[IndicatorKind, Sequence[IndicatorUnit]] = {
    **dict.fromkeys(K, MONEY), **dict.fromkeys((K.STAFF, K.RD_STAFF), PERSONS),
    **dict.fromkeys((K.PATENTS, K.INVENTION_PATENTS), PIECES), K.OTHER: tuple(IndicatorUnit),
}
"""In which units a figure of each kind may be given."""
MAY_BE_NEGATIVE = (K.PROFIT, K.OTHER)


class IndicatorState(Word):
    """指标状态"""

    FILED = "filed", "在册", "Stands"
    CORRECTED = "corrected", "已更正", "Another edition took its place"
    STRUCK = "struck", "已作废", "Filed in error; counts no more"


class Indicator(OfEnterprise):
    """One figure, of the days `since` through `until`; of one day where it is what there was on that day. `value` is in
    `unit`. Statements from several sources all stand; `preferred` is the one an office took where they differ."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="indicators", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="indicators", on_delete=fields.RESTRICT
    )
    corrects: fields.ForeignKeyNullableRelation[Indicator] = fields.ForeignKeyField(
        "qiban.Indicator", related_name="corrections", null=True, on_delete=fields.RESTRICT
    )
    kind_of = fields.CharEnumField(IndicatorKind, max_length=30, description="IndicatorKind")
    title = fields.CharField(max_length=100, default="")
    unit = fields.CharEnumField(IndicatorUnit, max_length=20, description="IndicatorUnit")
    since: date = fields.DateField()
    until: date = fields.DateField()
    value: Any = Exact(4)
    preferred = fields.BooleanField(default=False)
    state = fields.CharEnumField(IndicatorState, max_length=20, description="IndicatorState")
    status = fields.CharEnumField(FactStatus, max_length=20, description="FactStatus")
    source = fields.CharField(max_length=300)
    zone_id: UUID
    enterprise_id: UUID
    corrects_id: UUID | None

    class Meta:
        table = "indicator"
        constraints = (
            CheckConstraint("since <= until", name="indicator_period_begins_before_it_ends"),
            CheckConstraint("(kind_of = 'other') = (title <> '')", name="only_other_indicators_have_a_title"),
            UniqueConstraint(
                ("enterprise", "kind_of", "title", "since", "until", "source"), name="one_statement_a_source",
                condition="state = 'filed'",
            ),
            UniqueConstraint(
                ("enterprise", "kind_of", "title", "since", "until"), name="one_preferred_a_period",
                condition="preferred AND state = 'filed'",
            ),
            UniqueConstraint(("corrects",), name="corrected_once"),
        )
        indexes = (
            ("enterprise_id", "kind_of", "until"),
            ("zone_id", "kind_of", "until"),
            ("zone_id", "id"),
        )


@dataclass(frozen=True)
class Reading:
    """What is known of one indicator in one period: all statements, and the one that counts, if they settle it."""

    since: date
    until: date
    statements: Sequence[Indicator]

    @property
    def counts(self) -> Indicator | None:
        """The one an office took; else, where all agree, the last."""
        preferred = next((each for each in self.statements if each.preferred), None)
        agree = len({in_base(each) for each in self.statements}) == 1
        return preferred or (self.statements[-1] if agree else None)

    @property
    def period(self) -> str:
        """A calendar year by its number, a day by its date, anything else by its first and last day."""
        if is_year(self):
            return str(self.since.year)
        return str(self.since) if self.since == self.until else f"{self.since}/{self.until}"


def in_base(row: Indicator) -> tuple[IndicatorUnit, Decimal]:
    """Unit and value, money in yuan."""
    factor = YUAN.get(row.unit)
    return (IndicatorUnit.YUAN, row.value * factor) if factor else (row.unit, row.value)


def readings(rows: Iterable[Indicator]) -> list[Reading]:
    """Statements of one indicator of one enterprise, by the period they are of, in the order these end."""
    periods: dict[tuple[date, date], list[Indicator]] = {}
    for row in sorted(rows, key=lambda each: (each.until, each.since, each.id)):
        periods.setdefault((row.until, row.since), []).append(row)
    return [Reading(since, until, statements) for (until, since), statements in periods.items()]


def is_year(period: Reading) -> bool:
    return (period.since, period.until) == year_of(period.since.year)


def year_of(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


def of_year(known: Iterable[Reading], year: int) -> Reading | None:
    """What stands for a year: what is of the whole of it, else what there was on its last day that is known. Months and
    quarters stand for no year."""
    within = [each for each in known if each.since.year == each.until.year == year]
    whole = [each for each in within if is_year(each)]
    days = [each for each in within if each.since == each.until]
    return next(iter(whole or days[-1:]), None)
