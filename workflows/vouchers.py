"""How a voucher is issued, used and redeemed; what is redeemed is entered in the ledger of outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from domain.exact import written
from domain.outcomes import Outcome, OutcomeKind
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.vouchers import Voucher, VoucherState
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_CONTACT, LEADER
from workflows.audiences import COMPANION_OF, DISPATCHERS, ITS_CONTACTS
from workflows.flow import Flow, Move
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came

S = VoucherState
VOUCHER_NUMBERED = Refusal(
    "VOUCHER_NUMBERED", "本区已有此编号的创新券。", "The zone has issued a voucher of this number.", "number"
)
VOUCHER_EXPIRED = Refusal(
    "VOUCHER_EXPIRED", "该创新券有效期至{until}。", "This voucher could be used until {until}.", "usedOn"
)
OVER_THE_VOUCHER = Refusal(
    "OVER_THE_VOUCHER", "该创新券面额为{amount}元。", "This voucher is of {amount} yuan.", "amount"
)
OUT_OF_ORDER = Refusal("OUT_OF_ORDER", "早于上一步（{day}）。", "That is before the step before it ({day}).")


@dataclass(kw_only=True)
class Issue:
    number: Annotated[str, Words("编号", "Number", 60)]
    amount: Annotated[Decimal, Words("面额（元）", "Yuan")]
    source: Annotated[str, Words("依据", "Source", 300)]
    issued_on: Annotated[date | None, Words("发放日期", "Issued on; today unless told")] = None
    valid_until: Annotated[date | None, Words("有效期至", "The last day it can be used on")] = None


@dataclass(kw_only=True)
class Use:
    provider: Annotated[str, Words("服务机构", "Who serves", 200)]
    amount: Annotated[Decimal | None, Words("使用金额（元）", "Yuan used; all of it unless told")] = None
    used_on: Annotated[date | None, Words("使用日期", "Used on; today unless told")] = None


@dataclass
class Redeem:
    redeemed_on: Annotated[date | None, Words("兑付日期", "Redeemed on; today unless told")] = None


async def issue(step: Step) -> None:
    voucher, given = step.record, step.input
    voucher.issued_on = _day(step, given.issued_on, "issuedOn")
    if not given.amount:
        raise Refused(BAD_INPUT.about("amount", problem_zh="面额须大于零", problem_en="it must be worth something"))
    if given.valid_until and given.valid_until < voucher.issued_on:
        raise Refused(OUT_OF_ORDER.about("validUntil", day=voucher.issued_on))
    voucher.number, voucher.amount, voucher.source = given.number, given.amount, given.source
    voucher.valid_until = given.valid_until
    if await Voucher.filter(zone_id=voucher.zone_id, number=given.number).exclude(state=S.VOID).exists():
        raise Refused(VOUCHER_NUMBERED)


async def use(step: Step) -> None:
    voucher, given = step.record, step.input
    on = _day(step, given.used_on, "usedOn", voucher.issued_on)
    if voucher.valid_until and on > voucher.valid_until:
        raise Refused(VOUCHER_EXPIRED.about(until=voucher.valid_until))
    amount = voucher.amount if given.amount is None else given.amount
    if not 0 < amount <= voucher.amount:
        raise Refused(OVER_THE_VOUCHER.about(amount=written(voucher.amount)))
    voucher.used_on, voucher.used_amount, voucher.provider = on, amount, given.provider


async def redeem(step: Step) -> None:
    voucher = step.record
    on = _day(step, step.input.redeemed_on, "redeemedOn", voucher.used_on)
    voucher.redeemed_on = on


async def enter_outcome(step: Step) -> None:
    voucher = step.record
    await step.create(
        Outcome, "enter", voucher=voucher, outcome_kind=OutcomeKind.VOUCHER, happened_on=voucher.redeemed_on,
        amount=voucher.used_amount, title=f"科技创新券{voucher.number}", counterpart=voucher.provider,
        source=voucher.source,
    )


def _day(step: Step, given: date | None, field: str, earliest: date | None = None) -> date:
    """Not in the future, nor before the step before it."""
    on = given or step.today
    came(on, step, field)
    if earliest and on < earliest:
        raise Refused(OUT_OF_ORDER.about(field, day=earliest))
    return on


VOUCHER = Flow(
    Voucher,
    VoucherState,
    [
        Move(
            "issue", "发放创新券", "Issue a voucher", (), S.ISSUED, (DISPATCHER, LEADER),
            input=Issue, act=issue, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "use", "使用", "Use", (S.ISSUED,), S.USED, (ACCOMPANYING, ITS_CONTACT, DISPATCHER, LEADER),
            input=Use, act=use, asks=(DISPATCHERS,), tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "redeem", "兑付", "Redeem", (S.USED,), S.REDEEMED, (DISPATCHER, LEADER),
            input=Redeem, act=redeem, then=enter_outcome, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "void", "作废", "Void", (S.ISSUED, S.USED), S.VOID, (DISPATCHER, LEADER),
            input=WithReason, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
    ],
    zh="创新券",
    en="Voucher",
)
