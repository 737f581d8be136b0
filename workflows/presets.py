"""Presets 时限套餐: published practice that a zone may take over as a whole, each rule then a setting of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from domain.refusals import Refusal, Refused
from domain.words import Word
from domain.zones import DEFAULTS, Setting
from workflows.inputs import Words
from workflows.perform import Step


class Preset(Word):
    """时限套餐: whose practice it is."""

    CONTACT_24H = "contact_24h", "24小时首次联系", "First contact within 24 hours"
    JIAOZUO_13710 = "13710", "焦作13710", "1 day dispatched, 3 days planned, 7 days done, 1 month when hard, 0 left"
    SHANDONG_2115 = "2115", "山东2115", "2 hours contacted, 1 working day an opinion, 15 working days done"
    WORKING_DAYS_5 = "5wd", "株洲5个工作日", "Zhuzhou: 3 working days contact and check, 5 done"
    WORKING_DAYS_7 = "7wd", "泉州7个工作日", "Quanzhou: joint units 3 working days, the lead 7"
    WORKING_DAYS_15 = "15wd", "山东15个工作日", "Shandong: 1 working day begun, 3 answered, 15 done"
    BEIJING = "beijing", "北京热线", "Beijing hotline: 7 days ordinary, 15 days complex"
    TIANJIN = "tianjin", "天津", "Tianjin: signed for or returned in 1 working day"
    ZAOZHUANG = "zaozhuang", "枣庄", "Zaozhuang: 1 working day checked, 2 answered, 10 done, 25 at the most"
    JIANGMEN = "jiangmen", "江门", "Jiangmen: 60 minutes contact, 24 hours a plan, 7 days closed"
    QINGLONG = "qinglong", "青龙", "Qinglong: signed for in 2 hours, a call for help done in 5 days"


@dataclass(frozen=True)
class Practice:
    source: str
    rules: Mapping[str, str]


# seeds.md part F, where each is quoted; what a source calls hard or complex is reached by an extension.
PRACTICES: Mapping[Preset, Practice] = {
    Preset.CONTACT_24H: Practice("克拉玛依“24小时加一对一上门式”服务（KRM-05，一种读法）", {"first_contact": "24h"}),
    Preset.JIAOZUO_13710: Practice(
        "焦作“13710”工作制", {"dispatch": "1d", "fix": "3d", "handle": "7d", "extension_max_length": "23d"}
    ),
    Preset.SHANDONG_2115: Practice(
        "山东“2115”（2023）", {"first_contact": "2h", "fix": "1wd", "handle": "15wd", "extension_max_length": "15wd"}
    ),
    Preset.WORKING_DAYS_5: Practice("株洲：3个工作日内联系核实，受理后5个工作日办结", {"fix": "3wd", "handle": "5wd"}),
    Preset.WORKING_DAYS_7: Practice(
        "泉州：协办3个工作日报主办，主办7个工作日答复企业；到期前至少1个工作日申请延期；1个工作日内提出异议",
        {"joint_answer": "3wd", "handle": "7wd", "extension_notice": "1wd", "return_window": "1wd"},
    ),
    Preset.WORKING_DAYS_15: Practice(
        "山东（2020）：1个工作日启动，3个工作日答复，15个工作日办结，涉及多级的30个工作日",
        {"dispatch": "1wd", "fix": "3wd", "handle": "15wd", "extension_max_length": "15wd"},
    ),
    Preset.BEIJING: Practice(
        "北京热线（DB11/T 2021草案）：一般7日，复杂15日", {"handle": "7d", "extension_max_length": "8d"}
    ),
    Preset.TIANJIN: Practice(
        "天津：一般事项1个工作日签收；1个工作日内说明理由和依据退回；三次分派后由机构指定",
        {"sign": "1wd", "return_window": "1wd", "designate_after_returns": "3"},
    ),
    Preset.ZAOZHUANG: Practice(
        "枣庄：1个工作日核实，2个工作日答复，10个工作日办结，最长25个工作日",
        {"dispatch": "1wd", "fix": "2wd", "handle": "10wd", "extension_max_length": "15wd"},
    ),
    Preset.JIANGMEN: Practice(
        "江门：60分钟联系，24小时方案，7日办结", {"first_contact": "1h", "fix": "24h", "handle": "7d"}
    ),
    Preset.QINGLONG: Practice("青龙：2小时签收；求助类5日办结", {"sign": "2h", "handle": "5d"}),
}


SET_ALREADY = Refusal(
    "SET_ALREADY", "该规则从这一天起已另有设定。", "This rule has been set from that day on already.", "holdsFrom"
)
NOT_IN_USE = Refusal("NOT_IN_USE", "届时没有出自该套餐的规则。", "No rule is of this preset then.", "preset")
DEFAULT = "系统默认 default"


@dataclass
class ApplyPreset:
    """Every rule of a preset at once, from a day on; what it says nothing of stays as it is."""

    preset: Annotated[Preset, Words("时限套餐", "Preset")]
    holds_from: Annotated[date, Words("施行日期", "Holds from")]


async def set_all(step: Step) -> None:
    practice = PRACTICES[step.input.preset]
    changed = [await _put(step, name, value, practice.source) for name, value in practice.rules.items()]
    if not any(changed):
        raise Refused(SET_ALREADY)


async def set_back(step: Step) -> None:
    """Every rule that is of the preset on that day is what it was on the days before the preset, or the default."""
    practice, found = PRACTICES[step.input.preset], False
    for name in practice.rules:
        held = await Setting.filter(
            zone_id=step.record.id, name=name, holds_from__lte=step.input.holds_from
        ).order_by("-holds_from")
        if held and held[0].source == practice.source:
            before = next((each for each in held if each.source != practice.source), None)
            value: Any = json.loads(before.value) if before else DEFAULTS[name]
            source = before.source if before else DEFAULT
            found = await _put(step, name, "none" if value is None else str(value), source) or found
    if not found:
        raise Refused(NOT_IN_USE)


async def _put(step: Step, name: str, value: str, source: str) -> bool:
    """A rule from the day on, in place of one set from the same day; whether that is any change."""
    given: dict[str, Any] = {"value": value, "source": source}
    zone, since = step.record, step.input.holds_from
    same_day = await Setting.get_or_none(zone_id=zone.id, name=name, holds_from=since)
    if same_day is None:
        await step.create(Setting, "set", name=name, holds_from=since, **given)
    elif (str(json.loads(same_day.value)), same_day.source) == (value, source):
        return False
    else:
        await step.perform(same_day, "amend", **given)
    return True
