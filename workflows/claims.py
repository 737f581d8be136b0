"""How a claim moves: filed, checked against the rules, granted out of the budget or turned down, paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from domain.applications import Application
from domain.appropriations import Appropriation
from domain.claims import OPEN, Claim, ClaimState
from domain.eligibility import Money, Standing
from domain.enterprises import Enterprise
from domain.exact import written
from domain.known import NOT_FILED, OWN
from domain.policies import Benefit, Per, Policy, PolicyVersion
from domain.quotes import Quote, quotes_for, quotes_of
from domain.refusals import NOT_ALLOWED, NOT_FOUND, OTHER_ZONE, REQUIRED, Refusal, Refused
from domain.viewers import Role
from domain.zones import lineage
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_CONTACT, ITS_LIAISON, LEADER
from workflows.audiences import COMPANION_OF, DISPATCHERS, IN_CHARGE, ITS_CONTACTS, LEADERS, Audience
from workflows.deadlines import CLOCK_ALARMS, clock_moves
from workflows.flow import Flow, Move, Situation
from workflows.inputs import WithReason, Words
from workflows.perform import Step

S = ClaimState
NOT_IN_FORCE = Refusal(
    "NOT_IN_FORCE", "该奖补今天不在施行。", "This benefit is not in force today.", "benefitId"
)
CLAIMED_ALREADY = Refusal(
    "CLAIMED_ALREADY", "该企业已就此申请兑现（{state}）。",
    "The enterprise has claimed this already ({state_en}).", "benefitId",
)
OUTSIDE_QUOTE = Refusal(
    "OUTSIDE_QUOTE", "按条文应为{low}至{high}元。", "By the text it is {low} to {high} yuan.", "amount"
)
NO_APPROPRIATION = Refusal(
    "NO_APPROPRIATION", "该政策{year}年没有安排预算。", "The policy has no appropriation of {year}."
)
ITS_LEADER = NOT_ALLOWED.about(who="该政策所属区的领导", who_en="a leader of the zone whose policy it is")
CONTRACT_UNMET = Refusal(
    "CONTRACT_UNMET", "招商合同约定的申报尚未提出（{count}份合同）；申报后方可兑现。",
    "What the enterprise's contract asks for has not been applied for ({count} contracts); it is paid once it has.",
)
PAID_BEFORE_GRANTED = Refusal(
    "PAID_BEFORE_GRANTED", "早于核准日期（{day}）或晚于今天。",
    "That is before it was granted ({day}), or later than today.", "paidOn",
)


@dataclass
class File:
    benefit: Annotated[Benefit, Words("奖补", "Benefit")]
    application: Annotated[Application | None, Words("申报", "The application it is for, where it is for one")] = None
    year: Annotated[int | None, Words("年度", "The year it is for, where it is yearly; this one unless told")] = None
    note: Annotated[str, Words("说明", "Note", 2_000, empty=True)] = ""


@dataclass
class Check:
    amount: Annotated[
        Decimal | None, Words("金额（元）", "Yuan; what the rules come to, unless they give a range or nothing")
    ] = None
    basis: Annotated[str, Words("依据", "What the amount rests on, where no rule gives it", 2_000, empty=True)] = ""


@dataclass
class Pay:
    paid_on: Annotated[date | None, Words("拨付日期", "Paid on; today unless told")] = None
    voucher: Annotated[str, Words("凭证号", "Voucher", 100, empty=True)] = ""


async def file(step: Step) -> None:
    claim, given = step.record, step.input
    benefit, today = given.benefit, step.today
    if benefit.zone_id not in await lineage(claim.zone_id):
        raise Refused(OTHER_ZONE.about("benefitId"))
    if not await PolicyVersion.filter(PolicyVersion.in_force(today), id=benefit.version_of_id).exists():
        raise Refused(NOT_IN_FORCE)
    policy = await Policy.get(id=benefit.policy_id)
    if policy.zone_id == claim.zone_id:
        claim.department_id = policy.department_id
    claim.policy_id, claim.benefit_id, claim.code, claim.note = policy.id, benefit.id, benefit.code, given.note
    claim.filed_on, claim.claimed_for = today, _claimed_for(step)
    same = Claim.filter(enterprise_id=claim.enterprise_id, policy_id=policy.id, code=claim.code)
    live = same.filter(claimed_for=claim.claimed_for).exclude(state__in=(S.TURNED_DOWN, S.WITHDRAWN))
    if other := await live.first():
        raise Refused(CLAIMED_ALREADY.about(state=other.state.zh, state_en=other.state.value))
    quote = await _quote(step)
    if quote.standing is Standing.FAILS:
        assert isinstance(quote.worth, Refusal)
        raise Refused(quote.worth.about("benefitId"))
    if isinstance(quote.worth, Money):
        claim.quoted_low, claim.quoted_high = quote.worth


def _claimed_for(step: Step) -> str:
    claim, given = step.record, step.input
    if given.application:
        if given.application.enterprise_id != claim.enterprise_id or given.application.state in NOT_FILED:
            raise Refused(NOT_FOUND.about("applicationId"))
        claim.application_id = given.application.id
    if given.benefit.per is Per.APPLICATION:
        if not given.application:
            raise Refused(REQUIRED.about("applicationId"))
        return str(given.application.id)
    return str(given.year or step.today.year) if given.benefit.per is Per.YEAR else ""


async def check(step: Step) -> None:
    """The rules are asked anew, by what is known by now. Where they give a range, the office names the amount; where
    the text is silent, it names the amount and what it rests on."""
    claim, given = step.record, step.input
    worth = (await _quote(step)).worth
    if isinstance(worth, Money):
        amount = worth.low if worth.low == worth.high and given.amount is None else given.amount
        if amount is None:
            raise Refused(REQUIRED.about("amount"))
        if not worth.low <= amount <= worth.high:
            raise Refused(OUTSIDE_QUOTE.about(low=written(worth.low), high=written(worth.high)))
    else:
        if worth.code == "NOT_ELIGIBLE" or not given.basis:
            raise Refused(worth.about("basis"))
        if not given.amount:
            raise Refused(REQUIRED.about("amount"))
        amount = given.amount
    if not amount:
        raise Refused(OUTSIDE_QUOTE.about(low="0", high="0"))
    claim.amount, claim.basis = amount, given.basis


async def grant(step: Step) -> None:
    claim, today = step.record, step.today
    appropriation = await Appropriation.get_or_none(policy_id=claim.policy_id, year=today.year)
    if appropriation is None:
        raise Refused(NO_APPROPRIATION.about(year=today.year))
    viewer = step.viewer
    if not (viewer.sees_everything or viewer.covers(Role.LEADER, appropriation.zone_id)):
        raise Refused(ITS_LEADER)
    await step.perform(appropriation, "grant", amount=claim.amount)
    claim.appropriation_id, claim.granted_on = appropriation.id, today


async def rescind(step: Step) -> None:
    claim = step.record
    await step.perform(await Appropriation.get(id=claim.appropriation_id), "give_back", amount=claim.amount)
    await turn_down(step)


async def turn_down(step: Step) -> None:
    step.record.decision = step.input.reason


async def pay(step: Step) -> None:
    claim, given, today = step.record, step.input, step.today
    paid_on = given.paid_on or today
    if not claim.granted_on <= paid_on <= today:
        raise Refused(PAID_BEFORE_GRANTED.about(day=claim.granted_on))
    await step.perform(await Appropriation.get(id=claim.appropriation_id), "pay", amount=claim.amount)
    claim.paid_on, claim.voucher = paid_on, given.voucher


def contracts_met(s: Situation) -> Refusal | None:
    """GZ-13: what a contract asks the enterprise to apply for is a condition of everything it is paid."""
    return CONTRACT_UNMET.about(count=s.subject.unmet_contracts) if s.subject.unmet_contracts else None


async def _quote(step: Step) -> Quote:
    claim, today = step.record, step.today
    benefit = await Benefit.get(id=claim.benefit_id)
    if claim.application_id:
        found = await quotes_of(await Application.get(id=claim.application_id), [benefit], today)
    else:
        [enterprise] = await Enterprise.filter(id=claim.enterprise_id).values(*OWN)
        found = await quotes_for(enterprise, [benefit], today)
    return found[0]



WHOSE_TURN = Audience(
    "该步骤的经办人", "whose turn it is",
    lambda claim, enterprise: (LEADERS if claim.state is S.CHECKED else IN_CHARGE).seat(claim, enterprise),
)
FILERS = (ITS_CONTACT, ACCOMPANYING, DISPATCHER)
CHECKERS = (ITS_LIAISON, DISPATCHER)

CLAIM = Flow(
    Claim,
    ClaimState,
    [
        Move(
            "file", "申请兑现", "File a claim", (), S.FILED, FILERS,
            input=File, act=file, asks=(WHOSE_TURN,), tells=(COMPANION_OF,),
        ),
        Move(
            "check", "审核", "Check", (S.FILED,), S.CHECKED, CHECKERS,
            input=Check, act=check, asks=(WHOSE_TURN,), tells=(COMPANION_OF,),
        ),
        Move(
            "grant", "核准", "Grant", (S.CHECKED,), S.GRANTED, (LEADER,),
            guards=(contracts_met,), act=grant, bulk=True, asks=(WHOSE_TURN,), tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "turn_down", "不予兑现", "Turn down", (S.FILED, S.CHECKED), S.TURNED_DOWN, (*CHECKERS, LEADER),
            input=WithReason, act=turn_down, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "rescind", "撤销核准", "Take back what was granted", (S.GRANTED,), S.TURNED_DOWN, (LEADER,),
            input=WithReason, act=rescind, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "pay", "拨付", "Pay", (S.GRANTED,), S.PAID, CHECKERS,
            input=Pay, act=pay, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "withdraw", "撤回", "Withdraw", (S.FILED, S.CHECKED), S.WITHDRAWN, FILERS,
            input=WithReason, tells=(IN_CHARGE, COMPANION_OF, ITS_CONTACTS),
        ),
        *clock_moves(OPEN, near=(WHOSE_TURN,), over=(DISPATCHERS, LEADERS)),
    ],
    limits={S.FILED: "claim_check", S.CHECKED: "claim_grant", S.GRANTED: "claim_pay"},
    alarms=CLOCK_ALARMS,
    zh="兑现申请",
    en="Claim",
)
