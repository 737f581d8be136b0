"""How zones are founded and their rules set."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from domain.cadence import Cadence
from domain.calendar import OfficeHours, parsed
from domain.clock import OFFICE_ZONE, today
from domain.records import Kept
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.viewers import OPERATOR, Role
from domain.zones import DEFAULTS, MAY_BE_UNSET, Setting, Zone
from workflows.flow import Flow, Move, Situation, Who, role
from workflows.inputs import Words
from workflows.perform import Step
from workflows.presets import SET_ALREADY, ApplyPreset, set_all, set_back

THE_OPERATOR = Who("运维人员", "the operator", lambda s: s.viewer is OPERATOR)
ADMINISTRATOR = role(Role.ADMINISTRATOR)
BAD_CODE = Refusal(
    "BAD_CODE", "代码须为2至10位大写字母或数字。", "A code is 2 to 10 capital letters or digits.", "code"
)
UNKNOWN_SETTING = Refusal(
    "UNKNOWN_SETTING", "没有名为“{name}”的设置；可用：{known}。",
    "No setting is called {name!r}; there are: {known}.", "name"
)
NOT_IN_THE_PAST = Refusal(
    "NOT_IN_THE_PAST", "设置只能从今天或以后起施行。", "A setting can hold from today or later only.", "holdsFrom"
)
IN_FORCE = Refusal(
    "IN_FORCE", "该规则已施行，请另设从今天或以后起的规则。",
    "This rule is in force; set one that holds from today or later.",
)


WRITTEN: Mapping[str, Callable[[str], object]] = {"office_hours": OfficeHours.of, "visit_duty": Cadence.of}
"""How rules that are text and no limit are read; each raises `Refused`."""


@dataclass
class Found:
    """A new zone, under a parent or at the top."""

    code: Annotated[str, Words("代码", "Code", 10)]
    name: Annotated[str, Words("名称", "Name", 100)]
    parent: Annotated[Zone | None, Words("上级", "Parent")] = None


async def found(step: Step) -> None:
    zone, given = step.record, step.input
    if not re.fullmatch(r"[A-Z0-9]{2,10}", given.code):
        raise Refused(BAD_CODE)
    zone.code, zone.name, zone.path = given.code, given.name, given.code
    if given.parent:
        zone.parent_id, zone.path = given.parent.id, f"{given.parent.path}/{given.code}"


ZONE = Flow(
    Zone,
    Kept,
    [
        Move("found", "设立", "Found a zone", (), Kept.KEPT, (THE_OPERATOR,), input=Found, act=found, mutation=""),
        Move(
            "apply_preset", "采用时限套餐", "Take over a preset", (Kept.KEPT,), None, (ADMINISTRATOR, THE_OPERATOR),
            input=ApplyPreset, then=set_all, mutation="applyPreset",
        ),
        Move(
            "withdraw_preset", "撤销时限套餐", "Set back what a preset set", (Kept.KEPT,), None,
            (ADMINISTRATOR, THE_OPERATOR), input=ApplyPreset, then=set_back, mutation="withdrawPreset",
        ),
    ],
    zh="高新区",
    en="Zone",
)


@dataclass
class SetRule:
    """One rule of the zone, from a day on."""

    name: Annotated[str, Words("名称", "Name", 60)]
    value: Annotated[str, Words("取值", "Value, such as 3, true, 1wd, 30d, 24h or none", 60)]
    holds_from: Annotated[date, Words("施行日期", "Holds from")]
    source: Annotated[str, Words("依据", "Source", 300)]


async def set_rule(step: Step) -> None:
    setting, given = step.record, step.input
    if given.name not in DEFAULTS:
        raise Refused(UNKNOWN_SETTING.about(name=given.name, known=", ".join(DEFAULTS)))
    if given.holds_from < today().date():
        raise Refused(NOT_IN_THE_PAST)
    if await Setting.filter(zone_id=setting.zone_id, name=given.name, holds_from=given.holds_from).exists():
        raise Refused(SET_ALREADY)
    setting.name, setting.holds_from = given.name, given.holds_from
    await amend(step)


@dataclass
class AmendRule:
    """Another value for a rule that is set and has not held before today; what runs already keeps its own limit."""

    value: Annotated[str, Words("取值", "Value, such as 3, true, 1wd, 30d, 24h or none", 60)]
    source: Annotated[str, Words("依据", "Source", 300)]


async def amend(step: Step) -> None:
    setting, given = step.record, step.input
    unset = given.value == "none" and setting.name in MAY_BE_UNSET
    setting.value = json.dumps(None if unset else _value(setting.name, given.value))
    setting.source, setting.author_id = given.source, None if step.viewer is OPERATOR else step.viewer.person_id


def not_in_force(s: Situation) -> Refusal | None:
    """Office hours are no part of what a deadline keeps: they are settled the day before they hold."""
    today = s.at.astimezone(OFFICE_ZONE).date()
    return IN_FORCE if s.record.holds_from < today + timedelta(days=s.record.name == "office_hours") else None


def _value(name: str, text: str) -> object:
    like = DEFAULTS[name]
    if isinstance(like, bool) and text in ("true", "false"):
        return text == "true"
    # A count that starts at one or more stays so: no case is closed without an attempt to call back.
    if type(like) is int and re.fullmatch(r"[0-9]{1,3}", text) and int(text) >= min(like, 1):
        return int(text)
    if like is None or isinstance(like, str):
        # What else is text is a limit.
        WRITTEN.get(name, parsed)(text)
        return text
    raise Refused(
        BAD_INPUT.about("value", problem_zh=f"应与“{like}”同类", problem_en=f"must be of the kind of {like!r}")
    )


SETTING = Flow(
    Setting,
    Kept,
    [
        Move(
            "set", "设定", "Set a rule", (), Kept.KEPT, (ADMINISTRATOR, THE_OPERATOR),
            input=SetRule, act=set_rule, mutation="setRule",
        ),
        Move(
            "amend", "改定", "Amend a rule", (Kept.KEPT,), None, (ADMINISTRATOR, THE_OPERATOR),
            guards=(not_in_force,), input=AmendRule, act=amend, mutation="amendRule",
        ),
    ],
    zh="规则设置",
    en="Setting",
)
