"""How enterprises are entered in the books and given their companion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.carriers import Carrier, CarrierState
from domain.clock import now
from domain.enterprises import Enterprise
from domain.people import Person, viewer_of
from domain.records import Kept
from domain.refusals import OTHER_ZONE, Refusal, Refused
from domain.stays import Stay, StayState
from domain.uscc import fault_of, one_spelling
from domain.viewers import Role
from domain.zones import Zone, lineage
from workflows.audiences import COMPANION_PERSON
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

KEEPERS = role(Role.ADMINISTRATOR, Role.DISPATCHER)
BAD_USCC = Refusal(
    "BAD_USCC", "统一社会信用代码“{code}”校验不通过。",
    "The unified social credit code {code!r} does not check.", "uscc"
)
USCC_TAKEN = Refusal(
    "USCC_TAKEN", "该代码已属于“{name}”。", "This code already belongs to “{name}”.", "uscc"
)
NOT_A_COMPANION = Refusal(
    "NOT_A_COMPANION", "此人在本区不是企业伴员。", "This person is not a companion officer in this zone.", "companionId"
)
CARRIER_CLOSED = Refusal("CARRIER_CLOSED", "该载体已停运。", "This carrier is closed.", "carrierId")

Name = Annotated[str, Words("企业名称", "Name", 200)]
Uscc = Annotated[str | None, Words("统一社会信用代码", "Unified social credit code", 18)]
Scale = Annotated[bool | None, Words("规上", "Above scale")]
County = Annotated[str | None, Words("县（区）", "County or district", 60)]
Industry = Annotated[str | None, Words("产业", "Industry, in the zone's words", 60)]
House = Annotated[Carrier | None, Words("载体", "The carrier that houses it")]
Channel = Annotated[str | None, Words("来源渠道", "By which team or channel it came", 100)]
Tags = Annotated[list[str] | None, Words("标签", "Tags; empty where it has none, null where nobody has said", 40)]
Companion = Annotated[Person | None, Words("企业伴员", "Companion")]


@dataclass
class CreateEnterprise:
    zone: Annotated[Zone, Words("高新区", "Zone")]
    name: Name
    uscc: Uscc = None
    above_scale: Scale = None
    county: County = None
    industry: Industry = None
    carrier: House = None
    source_channel: Channel = None
    tags: Tags = None
    companion: Companion = None
    synthetic: Annotated[bool, Words("示例", "Made up for demonstration")] = False
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class EditEnterprise:
    name: Name
    uscc: Uscc = None
    above_scale: Scale = None
    county: County = None
    industry: Industry = None
    carrier: House = None
    source_channel: Channel = None
    tags: Tags = None


@dataclass
class AssignCompanion:
    companion: Annotated[Person, Words("企业伴员", "Companion")]
    reason: Reason


async def enter(step: Step) -> None:
    enterprise, given = step.record, step.input
    enterprise.zone_id = given.zone.id
    enterprise.synthetic, enterprise.source = given.synthetic, given.source
    await edit(step)
    if given.companion:
        await require_companion(given.companion, enterprise.zone_id)
        enterprise.companion_id = given.companion.id


async def edit(step: Step) -> None:
    enterprise, given = step.record, step.input
    for name in ("name", "above_scale", "county", "industry", "source_channel"):
        setattr(enterprise, name, getattr(given, name))
    enterprise.tags = None if given.tags is None else list(dict.fromkeys(given.tags))
    if given.carrier:
        await require_house(enterprise, given.carrier)
    enterprise.carrier_id = given.carrier.id if given.carrier else None
    enterprise.uscc = valid_uscc(given.uscc) if given.uscc else None
    same = Enterprise.filter(zone_id=enterprise.zone_id, uscc=enterprise.uscc).exclude(id=enterprise.id)
    if enterprise.uscc and (other := await same.first()):
        raise Refused(USCC_TAKEN.about(name=other.name))


async def require_house(enterprise: Enterprise, carrier: Carrier) -> None:
    """A carrier is of the enterprise's zone or of one above it, and open to those who come."""
    if carrier.zone_id not in await lineage(enterprise.zone_id):
        raise Refused(OTHER_ZONE.about("carrierId"))
    if carrier.state is CarrierState.CLOSED and carrier.id != enterprise.carrier_id:
        raise Refused(CARRIER_CLOSED)


async def keep_its_stay(step: Step) -> None:
    """Where only the carrier is said and no day, it is housed there from today on."""
    enterprise, carrier = step.record, step.input.carrier
    stay = await Stay.filter(enterprise_id=enterprise.id, state=StayState.INSIDE).first()
    if carrier and not (stay and stay.carrier_id == carrier.id):
        await step.create(Stay, "move_in", carrier=carrier, source=enterprise.source)
    elif stay and not carrier:
        await step.perform(stay, "move_out", reason="企业资料更正")


async def assign_companion(step: Step) -> None:
    await require_companion(step.input.companion, step.record.zone_id)
    step.record.companion_id = step.input.companion.id


async def require_companion(person: Person, zone_id: object, field: str = "companionId") -> None:
    standing = await viewer_of(person.id, now())
    if zone_id not in standing.zones_as(Role.COMPANION):
        raise Refused(NOT_A_COMPANION.about(field))


def valid_uscc(code: str) -> str:
    """The code in its one spelling. Raises `Refused` when its check digit is wrong (GB 32100-2015)."""
    code = one_spelling(code)
    if fault_of(code):
        raise Refused(BAD_USCC.about(code=code))
    return code


ENTERPRISE = Flow(
    Enterprise,
    Kept,
    [
        Move(
            "create", "登记", "Enter in the books", (), Kept.KEPT, (KEEPERS, THE_OPERATOR),
            input=CreateEnterprise, act=enter, then=keep_its_stay,
        ),
        Move(
            "edit", "修改", "Edit", (Kept.KEPT,), None, (KEEPERS,), input=EditEnterprise, act=edit, then=keep_its_stay,
        ),
        Move(
            "assign_companion", "指派企业伴员", "Assign the companion", (Kept.KEPT,), None,
            (role(Role.ADMINISTRATOR, Role.DISPATCHER, Role.LEADER),),
            input=AssignCompanion, act=assign_companion, mutation="assignCompanion", asks=(COMPANION_PERSON,),
        ),
    ],
    zh="企业",
    en="Enterprise",
)
