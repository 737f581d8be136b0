"""How recognitions are entered, renewed and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from domain.applications import Application
from domain.cultivated import cultivated
from domain.facts import FactStatus
from domain.kinds import REPEATED, Level, RecognitionKind
from domain.recognitions import Recognition, RecognitionState, ending
from domain.refusals import REQUIRED, Refusal, Refused
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.audiences import COMPANION_OF, ITS_CONTACTS
from workflows.flow import Flow, Move
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = RecognitionState
EXPIRES_FIRST = Refusal(
    "EXPIRES_FIRST", "有效期止（{until}）早于有效期起（{since}）。",
    "It would expire ({until}) before it begins ({since}).", "validUntil",
)
ENDS_FIRST = Refusal(
    "ENDS_FIRST", "原证书自{since}起有效，不能在{on}之前或当日终止。",
    "The certificate holds from {since}; it cannot end on or before that day ({on}).",
)
NOT_YET = Refusal("NOT_YET", "日期在将来。", "The day has not come yet.")
RECOGNISED_ALREADY = Refusal(
    "RECOGNISED_ALREADY", "该企业已有此类认定（{number}），请办理换证。",
    "The enterprise holds a recognition of this kind ({number}); renew that one.", "recognisedAs",
)
NUMBER_TAKEN = Refusal(
    "NUMBER_TAKEN", "证书编号{number}已在册。", "The certificate number {number} is on the books.", "certificateNumber"
)

Kind = Annotated[RecognitionKind, Words("认定类别", "Recognised as")]
Number = Annotated[str, Words("证书编号", "Certificate number", 60, empty=True)]
From = Annotated[date | None, Words("有效期起", "Valid from; the day of recognition unless told")]
Until = Annotated[date | None, Words("有效期止", "Valid until, that day included; empty where it does not expire")]
Source = Annotated[str, Words("来源", "Source", 300, empty=True)]
Title = Annotated[str, Words("名称", "Title: of the product, platform or project", 200, empty=True)]
Status = Annotated[FactStatus, Words("依据", "How it is known")]


@dataclass
class Certificate:
    """What a certificate says."""

    recognised_on: Annotated[date, Words("认定日期", "Recognised on")]
    certificate_number: Number = ""
    valid_from: From = None
    valid_until: Until = None
    source: Source = ""
    status: Status = FactStatus.REPORTED


@dataclass(kw_only=True)
class RecordRecognition(Certificate):
    recognised_as: Kind
    level: Annotated[Level, Words("级别", "Level")] = Level.UNSTATED
    title: Title = ""


@dataclass(kw_only=True)
class Grant(RecordRecognition):
    """What an application, or the certificate before this one, brings about."""

    application: Annotated[Application | None, Words("申报", "Application")] = None
    renews: Annotated[Recognition | None, Words("原证书", "The certificate before")] = None


@dataclass
class Correct:
    """What is not given stays as it is."""

    reason: Reason
    certificate_number: Annotated[str | None, Words("证书编号", "Certificate number", 60)] = None
    valid_until: Annotated[date | None, Words("有效期止", "Valid until, that day included")] = None


@dataclass
class Revoke:
    reason: Reason
    revoked_on: Annotated[date, Words("撤销日期", "Revoked on: the first day it holds no more")]


@dataclass
class GiveWay:
    on: Annotated[date, Words("新证书生效日", "The first day of the certificate that takes its place")]


async def record(step: Step) -> None:
    given = step.input
    if given.recognised_as is RecognitionKind.OTHER and not given.title:
        raise Refused(REQUIRED.about("title"))
    await _enter(step)
    if held := await held_already(step.record.enterprise_id, given.recognised_as, given.level):
        raise Refused(RECOGNISED_ALREADY.about(number=held.certificate_number or held.recognised_on))


async def grant(step: Step) -> None:
    await _enter(step)
    step.record.application_id = step.input.application.id if step.input.application else None
    step.record.renews_id = step.input.renews.id if step.input.renews else None


async def held_already(enterprise_id: Any, kind: RecognitionKind, level: Level) -> Recognition | None:
    """The certificate that a new one of the kind would renew."""
    if kind in REPEATED:
        return None
    return await Recognition.filter(
        enterprise_id=enterprise_id, recognised_as=kind, level=level, state=S.VALID
    ).order_by("-valid_from").first()


async def _enter(step: Step) -> None:
    row, given = step.record, step.input
    came(given.recognised_on, step, "recognisedOn")
    for name in (
        "recognised_on", "certificate_number", "valid_until", "source", "status", "recognised_as", "level", "title",
    ):
        setattr(row, name, getattr(given, name))
    row.valid_from = given.valid_from or given.recognised_on
    _expires_later(row)
    row.ends_on = ending(row.valid_until)
    await _number_is_free(row)


async def correct(step: Step) -> None:
    row, given = step.record, step.input
    row.certificate_number = given.certificate_number or row.certificate_number
    row.valid_until = given.valid_until or row.valid_until
    _expires_later(row)
    row.ends_on = ending(row.valid_until)
    await _number_is_free(row)


async def graduate_entries(step: Step) -> None:
    """Whoever is recognised leaves the libraries that cultivated for it."""
    row = step.record
    for entry in await cultivated(row.enterprise_id, row.recognised_as, row.title):
        await step.perform(entry, "graduate", recognition=row)


async def renew(step: Step) -> None:
    given = step.input
    came(given.recognised_on, step, "recognisedOn")
    _end(step, given.valid_from or given.recognised_on)


async def take_its_place(step: Step) -> None:
    old, given = step.record, vars(step.input)
    same = {"recognised_as": old.recognised_as, "level": old.level, "title": old.title}
    await step.create(Recognition, "grant", **given, **same, renews=old)


async def revoke(step: Step) -> None:
    came(step.input.revoked_on, step, "revokedOn")
    _end(step, step.input.revoked_on)


async def give_way(step: Step) -> None:
    _end(step, step.input.on)


def came(day: date, step: Step, field: str) -> None:
    if day > step.today:
        raise Refused(NOT_YET.about(field))


def _end(step: Step, on: date) -> None:
    row = step.record
    if on <= row.valid_from:
        raise Refused(ENDS_FIRST.about(since=row.valid_from, on=on))
    row.ends_on = ending(row.valid_until, on)


def _expires_later(row: Recognition) -> None:
    if row.valid_until and row.valid_until < row.valid_from:
        raise Refused(EXPIRES_FIRST.about(since=row.valid_from, until=row.valid_until))


async def _number_is_free(row: Recognition) -> None:
    same = Recognition.filter(
        zone_id=row.zone_id, recognised_as=row.recognised_as, certificate_number=row.certificate_number, state=S.VALID
    )
    if row.certificate_number and await same.exclude(id=row.id).exclude(enterprise_id=row.enterprise_id).exists():
        raise Refused(NUMBER_TAKEN.about(number=row.certificate_number))


KEEPERS = (ACCOMPANYING, DISPATCHER, LEADER)

RECOGNITION = Flow(
    Recognition,
    RecognitionState,
    [
        Move(
            "record", "登记认定", "Record a recognition", (), S.VALID, (*KEEPERS, THE_OPERATOR),
            input=RecordRecognition, act=record, then=graduate_entries, tells=(COMPANION_OF,),
        ),
        Move(
            "grant", "认定", "Recognised", (), S.VALID,
            input=Grant, act=grant, then=graduate_entries, tells=(COMPANION_OF,),
        ),
        Move(
            "correct", "更正", "Correct number or expiry", (S.VALID,), None, (DISPATCHER, LEADER),
            input=Correct, act=correct,
        ),
        Move(
            "renew", "换证", "Renew", (S.VALID,), S.RENEWED, KEEPERS,
            input=Certificate, act=renew, then=take_its_place,
        ),
        Move("give_way", "由新认定替代", "Gives way to a new one", (S.VALID,), S.RENEWED, input=GiveWay, act=give_way),
        Move(
            "revoke", "撤销认定", "Revoke", (S.VALID,), S.REVOKED, (DISPATCHER, LEADER),
            input=Revoke, act=revoke, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
    ],
    zh="认定",
    en="Recognition",
)
