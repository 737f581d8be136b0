"""How a policy comes to be: drafted with its clauses and benefits, published from a day on, superseded or repealed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Annotated, Any

from domain.departments import Department
from domain.eligibility import read_amount, read_conditions
from domain.history import canonical
from domain.policies import Benefit, Clause, ContentState, Per, Policy, PolicyState, PolicyVersion, VersionState
from domain.refusals import NOT_FOUND, OTHER_ZONE, Refusal, Refused
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S, C = VersionState, ContentState
KEEPERS = (role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER), THE_OPERATOR)
POLICY_NAME_TAKEN = Refusal(
    "POLICY_NAME_TAKEN", "本区已有同名政策，请为它起草新版本。",
    "The zone has a policy of this name; draft a new version of it.", "name",
)
CLAUSE_TAKEN = Refusal("CLAUSE_TAKEN", "这一版已有{number}。", "This version has {number} already.", "number")
BENEFIT_TAKEN = Refusal(
    "BENEFIT_TAKEN", "这一版已有代码为{code}的奖补。", "This version has a benefit {code} already.", "code"
)
NO_SUCH_CLAUSE = Refusal("NO_SUCH_CLAUSE", "这一版没有{number}。", "This version has no {number}.", "clause")
NO_DRAFT = Refusal("NO_DRAFT", "这一版已不是草稿。", "This version is no draft any more.", "versionId")
NO_CLAUSES = Refusal("NO_CLAUSES", "没有条文的版本不能发布。", "A version without clauses is not published.")
NOT_AFTER_THE_LAST = Refusal(
    "NOT_AFTER_THE_LAST", "须晚于上一版的施行日期（{day}）。",
    "It must be later than that of the last version ({day}).", "holdsFrom",
)
ENDS_BEFORE_IT_BEGINS = Refusal(
    "ENDS_BEFORE_IT_BEGINS", "早于施行日期（{day}）。", "That is before the version holds ({day}).", "holdsUntil"
)
LONGEST_RULE = 20_000

ClauseNumber = Annotated[str, Words("条款", "Clause, such as 第三条", 40)]
ClauseText = Annotated[str, Words("条文", "Text", 20_000)]
Code = Annotated[str, Words("代码", "Code of the benefit, the same over all versions", 40)]
BenefitName = Annotated[str, Words("奖补名称", "Name of the benefit", 200)]
HowOften = Annotated[Per, Words("兑现频次", "How often it may be claimed")]
Eligibility = Annotated[str, Words("适用条件", "Conditions that must all hold, as JSON", LONGEST_RULE)]
HowMuch = Annotated[str, Words("奖补标准", "Amount, as JSON", LONGEST_RULE)]


@dataclass
class CreatePolicy:
    zone: Annotated[Zone, Words("高新区", "Zone")]
    name: Annotated[str, Words("政策名称", "Name", 200)]
    department: Annotated[Department | None, Words("主管部门", "Department in charge")] = None


@dataclass
class DraftedClause:
    number: ClauseNumber
    text: ClauseText


@dataclass
class DraftedBenefit:
    """`clause` is the number of a clause drafted with it."""

    clause: ClauseNumber
    code: Code
    name: BenefitName
    amount: HowMuch
    eligibility: Eligibility = "[]"
    per: HowOften = Per.ENTERPRISE


@dataclass
class DraftVersion:
    source: Annotated[str, Words("来源", "Source", 300)]
    clauses: Annotated[list[DraftedClause], Words("条款", "Clauses")]
    benefits: Annotated[list[DraftedBenefit], Words("奖补", "Benefits")] = field(default_factory=list)
    document_number: Annotated[str, Words("文号", "Document number", 100, empty=True)] = ""


@dataclass
class WriteClause:
    version: Annotated[PolicyVersion, Words("版本", "Version")]
    number: ClauseNumber
    text: ClauseText


@dataclass
class ReviseBenefit:
    name: BenefitName
    amount: HowMuch
    eligibility: Eligibility = "[]"
    per: HowOften = Per.ENTERPRISE


@dataclass(kw_only=True)
class OfferBenefit(ReviseBenefit):
    clause: Annotated[Clause, Words("条款", "Clause")]
    code: Code


@dataclass
class Publish:
    holds_from: Annotated[date, Words("施行日期", "Holds from")]


@dataclass
class Repeal:
    holds_until: Annotated[date, Words("施行至", "Holds until, that day included")]
    reason: Reason


@dataclass
class Ending:
    holds_until: date


async def create(step: Step) -> None:
    policy, given = step.record, step.input
    policy.zone_id, policy.name = given.zone.id, given.name
    if given.department and given.department.zone_id != policy.zone_id:
        raise Refused(OTHER_ZONE.about("departmentId"))
    policy.department_id = given.department.id if given.department else None
    if await Policy.filter(zone_id=policy.zone_id, name=policy.name).exists():
        raise Refused(POLICY_NAME_TAKEN)


async def draft(step: Step) -> None:
    version, given = step.record, step.input
    version.number = await PolicyVersion.filter(policy_id=version.policy_id).count() + 1
    version.source, version.document_number = given.source, given.document_number
    version.author_id = step.viewer.person_id if step.viewer is not OPERATOR else None


async def draft_contents(step: Step) -> None:
    """Faults are named by where they stand in the input, all at once."""
    clauses: dict[str, Clause] = {}
    refusals: list[Refusal] = []
    for place, each in enumerate(step.input.clauses):
        if each.number in clauses:
            refusals.append(CLAUSE_TAKEN.about(f"clauses.{place}.number", number=each.number))
        else:
            clauses[each.number] = await step.create(Clause, "write", version=step.record, **vars(each))
    codes: set[str] = set()
    for place, each in enumerate(step.input.benefits):
        given = vars(each)
        try:
            if each.clause not in clauses:
                raise Refused(NO_SUCH_CLAUSE.about(number=each.clause))
            if each.code in codes:
                raise Refused(BENEFIT_TAKEN.about(code=each.code))
            codes.add(each.code)
            await step.create(Benefit, "offer", **{**given, "clause": clauses[each.clause]})
        except Refused as refused:
            refusals += [replace(no, field=f"benefits.{place}.{no.field}") for no in refused.refusals]
    if refusals:
        raise Refused(*refusals)


async def publish(step: Step) -> None:
    version, holds_from = step.record, step.input.holds_from
    others = PolicyVersion.filter(policy_id=version.policy_id, holds_from__not_isnull=True)
    if last := await others.order_by("-holds_from").first():
        if last.holds_from and holds_from <= last.holds_from:
            raise Refused(NOT_AFTER_THE_LAST.about(day=last.holds_from))
        if last.state is S.PUBLISHED:
            await step.perform(last, "supersede", holds_until=holds_from - timedelta(days=1))
    if not await Clause.filter(version_of_id=version.id, state=C.DRAFTED).exists():
        raise Refused(NO_CLAUSES)
    version.holds_from = holds_from


async def publish_contents(step: Step) -> None:
    await _with_contents(step, "publish")
    if step.subject.state is PolicyState.DRAFTED:
        await step.perform(step.subject, "publish")


async def end(step: Step) -> None:
    version, until = step.record, step.input.holds_until
    if until < version.holds_from:
        raise Refused(ENDS_BEFORE_IT_BEGINS.about(day=version.holds_from))
    version.holds_until = until


async def drop_contents(step: Step) -> None:
    await _with_contents(step, "drop")


async def _with_contents(step: Step, move: str) -> None:
    kinds: tuple[Any, ...] = (Clause, Benefit)
    for kind in kinds:
        for row in await kind.filter(version_of_id=step.record.id, state=C.DRAFTED).order_by("id"):
            await step.perform(row, move)


async def write(step: Step) -> None:
    clause, given = step.record, step.input
    _require_draft(given.version, clause.policy_id)
    clause.version_of_id, clause.number, clause.text = given.version.id, given.number, given.text
    if await Clause.filter(version_of_id=given.version.id, number=given.number).exclude(state=C.DROPPED).exists():
        raise Refused(CLAUSE_TAKEN.about(number=given.number))


async def offer(step: Step) -> None:
    benefit, given = step.record, step.input
    if given.clause.policy_id != benefit.policy_id:
        raise Refused(NOT_FOUND.about("clauseId"))
    if given.clause.state is not C.DRAFTED:
        raise Refused(NO_DRAFT.about("clauseId"))
    benefit.version_of_id, benefit.clause_id = given.clause.version_of_id, given.clause.id
    benefit.code = given.code
    same = Benefit.filter(version_of_id=benefit.version_of_id, code=given.code).exclude(state=C.DROPPED)
    if await same.exists():
        raise Refused(BENEFIT_TAKEN.about(code=given.code))
    await revise(step)


async def revise(step: Step) -> None:
    benefit, given = step.record, step.input
    refusals: list[Refusal] = []
    for read, name in ((read_conditions, "eligibility"), (read_amount, "amount")):
        try:
            read(getattr(given, name), name)
        except Refused as refused:
            refusals += refused.refusals
    if refusals:
        raise Refused(*refusals)
    benefit.name, benefit.per = given.name, given.per
    benefit.eligibility, benefit.amount = (canonical(json.loads(each)) for each in (given.eligibility, given.amount))


def _require_draft(version: PolicyVersion, policy_id: Any) -> None:
    if version.policy_id != policy_id:
        raise Refused(NOT_FOUND.about("versionId"))
    if version.state is not S.DRAFTED:
        raise Refused(NO_DRAFT)


PUBLISHED_WITH_IT = Move("publish", "发布", "Published with its version", (C.DRAFTED,), C.PUBLISHED)
DROP = Move("drop", "弃用", "Drop a draft", (C.DRAFTED,), C.DROPPED, KEEPERS)

POLICY = Flow(
    Policy,
    PolicyState,
    [
        Move("create", "建档", "Open a policy", (), PolicyState.DRAFTED, KEEPERS, input=CreatePolicy, act=create),
        Move("publish", "发布", "Published with its first version", (PolicyState.DRAFTED,), PolicyState.PUBLISHED),
    ],
    zh="政策",
    en="Policy",
)
POLICY_VERSION = Flow(
    PolicyVersion,
    VersionState,
    [
        Move(
            "draft", "起草", "Draft a version", (), S.DRAFTED, KEEPERS,
            input=DraftVersion, act=draft, then=draft_contents,
        ),
        Move(
            "publish", "发布", "Publish, to hold from a day on", (S.DRAFTED,), S.PUBLISHED, KEEPERS,
            input=Publish, act=publish, then=publish_contents,
        ),
        Move("supersede", "被取代", "Superseded by the next version", (S.PUBLISHED,), S.ENDED, input=Ending, act=end),
        Move("repeal", "废止", "Repeal", (S.PUBLISHED,), S.ENDED, KEEPERS, input=Repeal, act=end),
        Move("drop", "弃用", "Drop a draft", (S.DRAFTED,), S.DROPPED, KEEPERS, then=drop_contents),
    ],
    zh="政策版本",
    en="Policy version",
)
CLAUSE = Flow(
    Clause,
    ContentState,
    [
        Move("write", "增列条款", "Write a clause", (), C.DRAFTED, KEEPERS, input=WriteClause, act=write),
        PUBLISHED_WITH_IT,
        DROP,
    ],
    zh="条款",
    en="Clause",
)
BENEFIT = Flow(
    Benefit,
    ContentState,
    [
        Move("offer", "增列奖补", "Offer a benefit", (), C.DRAFTED, KEEPERS, input=OfferBenefit, act=offer),
        Move("revise", "修改", "Revise a draft", (C.DRAFTED,), None, KEEPERS, input=ReviseBenefit, act=revise),
        PUBLISHED_WITH_IT,
        DROP,
    ],
    zh="奖补",
    en="Benefit",
)
