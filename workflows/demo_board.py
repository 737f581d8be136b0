"""Made-up cases that fill Guilin's board, so that every stage and every way to end can be looked at."""

from __future__ import annotations

from domain.cases import Category, Channel, Satisfaction
from workflows.script_lines import (
    ask_extension,
    call_back,
    case_line,
    clear,
    collect,
    dispatch,
    fix,
    merge,
    reopen,
    sign,
    start,
    submit,
    the_dispatcher,
    verify,
)
from workflows.scripts import Line, Script
from workflows.worked_cases import closing


def board_case(
    firm: int, title: str, category: Category, *lines: Line, problem: str = "", channel: Channel = Channel.VISIT
) -> Script:
    return Script(
        zone="GL", enterprise=f"示例企业·桂林·{firm:03d}", title=title, problems=(problem or title,), lines=lines,
        category=category, channel=channel,
    )


def offered(lead: str, *joint: str) -> tuple[Line, ...]:
    return collect(0), case_line(0, "submit"), dispatch(1, lead, *joint)


def handled(department: str, due_in: int, *measures: str) -> tuple[Line, ...]:
    """One department, signed and fixed: being handled from day 2 on."""
    return *offered(department), sign(1, department), fix(2, department, due_in, *measures)


SHUTTLE = board_case(
    1, "园区早晚高峰班车不足", Category.OTHER,
    *handled("公交公司", 15, "加开早晚高峰班次"), start(3, "公交公司"),
)
SHUTTLE_AGAIN = board_case(
    1, "加班后无末班车", Category.OTHER, collect(0), case_line(0, "submit"),
    merge(1, "与在办的班车诉求同一事项"), channel=Channel.PHONE,
)
SCHOOL = board_case(
    2, "员工子女入学名额不足", Category.TALENT,
    *handled("教育局", 6, "核定企业员工子女名单", "协调学位"), ask_extension(4, "教育局", 5, "名单补报中，须再核一轮"),
)
RENOVATION = board_case(
    3, "技改项目设备进口周期长", Category.PROJECT,
    *handled("工信局", 20, "协助办理进口设备确认书"),
    case_line(4, "pause", by=the_dispatcher, reason="等待上级批复"),
)
FIRE_CHECK = board_case(
    4, "二期厂房消防验收排期", Category.PROJECT,
    *handled("住建局", 8, "提前介入并安排现场验收"), submit(6, "住建局", "已现场验收并出具意见"),
    case_line(7, "report"), verify(7),
    call_back(8, "电话未接通", satisfaction=None),
)
RECRUITING = board_case(
    5, "旺季技工招聘困难", Category.TALENT,
    *handled("人社局", 10, "组织专场招聘"), submit(7, "人社局", "专场招聘到场42人，录用19人"),
    *closing(8, "用工缺口已补齐", "企业表示满意"),
)
TAX_BASIS = board_case(6, "研发费用加计扣除口径不清", Category.POLICY, *offered("税务局", "科技局"))
REPLY = board_case(7, "环评补充材料反复退补", Category.PROJECT, *offered("生态环境局"), sign(2, "生态环境局"))
ONE_WINDOW = board_case(
    6, "水电气报装要跑多个窗口", Category.PROJECT,
    *handled("企业服务中心", 12, "设一站式窗口，专人代办"), start(3, "企业服务中心"),
)
WAITING = board_case(
    8, "租金补贴申请尚无答复", Category.FUNDING, collect(0), case_line(1, "submit"), channel=Channel.PHONE
)
DATES = board_case(8, "希望安排政策宣讲", Category.POLICY, collect(0))
COLLECTED = board_case(9, "夜间用电负荷不足", Category.OTHER, collect(0), channel=Channel.ON_SITE)
TAX_RELIEF = board_case(
    9, "要求免征法定税款", Category.POLICY, collect(0), case_line(0, "submit"),
    case_line(1, "decline", by=the_dispatcher, reason="法定税款不能由园区减免", basis="税收征收管理法第三条"),
)
PARKING = board_case(
    10, "员工停车位不足", Category.OTHER, *offered("住建局"),
    case_line(2, "withdraw", reason="企业已自行租用停车场"),
)
DUST = board_case(
    11, "相邻工地扬尘影响洁净车间", Category.OTHER,
    *handled("生态环境局", 6, "督促工地落实湿法作业"), submit(5, "生态环境局", "工地已整改"),
    case_line(6, "report"), verify(6), clear(6, "扬尘已控制"),
    call_back(6, "近日有改善", satisfaction=Satisfaction.FAIRLY), case_line(6, "close"),
    reopen(12, "扬尘反复，企业要求重办"),
)

BOARD = (
    (SHUTTLE, 1),
    (SHUTTLE_AGAIN, 2),
    (SCHOOL, 2),
    (RENOVATION, 4),
    (FIRE_CHECK, 1),
    (RECRUITING, 6),
    (TAX_BASIS, 1),
    (REPLY, 2),
    (ONE_WINDOW, 11),
    (WAITING, 3),
    (DATES, 5),
    (COLLECTED, 1),
    (TAX_RELIEF, 2),
    (PARKING, 7),
    (DUST, 3),
)
"""Each with how many working days ago its last move was.

ONE_WINDOW is due on the day of loading, or on the next working day where that is none, and half of its time has gone by
then, whatever holidays there are: a yellow light on every day. DATES is overdue on every day, RENOVATION stands still,
SHUTTLE has time.
"""
