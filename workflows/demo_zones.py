"""Zones for demonstration, founded by their own administrators: departments, role accounts, chains, rules, firms.

Facts are printed in the sources whose rows are named beside them; nobody here is a real person. What no row stands
beside is made up: companions' numbers, liaisons, dates, the departments of LYG and KRM, and every firm called 示例企业.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain import clock
from domain.accounts import Account
from domain.chains import ChainLink
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.people import Membership, Person, viewer_of
from domain.viewers import OPERATOR, Role, Viewer
from domain.zones import Setting, Zone
from workflows import timetable as timetable
from workflows.perform import changing, create

AT_ONCE = 8
"""So many persons are entered in one change."""
ADMINISTRATOR, DISPATCHER, AUDITOR, LEADER = "管理员", "分办员", "审计员", "领导（管委会主要领导）"


@dataclass(frozen=True)
class Firm:
    """An enterprise as a source prints it (`source` is its row), or a made-up one without a source."""

    name: str
    source: str = ""
    companion: int = 1


@dataclass(frozen=True)
class Plan:
    """A zone before it is founded. `departments` maps names to aliases; `chain` lists, nearest the enterprise first,
    each level's title and who holds it, or None while it is vacant; `leaders` are leaders beside these; `rules`
    are name, value and source."""

    code: str
    name: str
    fallback: str
    departments: Mapping[str, tuple[str, ...]]
    companions: int = 2
    chain: tuple[tuple[str, str | None], ...] = ()
    leader: str = LEADER
    leaders: tuple[str, ...] = ()
    rules: tuple[tuple[str, str, str], ...] = ()
    firms: tuple[Firm, ...] = ()
    contact_of: str | None = None


@dataclass(frozen=True)
class Cast:
    """A zone with its people and places by name."""

    zone: Zone
    departments: Mapping[str, Department]
    people: Mapping[str, Person]
    enterprises: Mapping[str, Enterprise]


@dataclass(frozen=True)
class Keys:
    """Who gets an account: login by the person's name. One hash serves all, since one costs a fifth of a second."""

    logins: Mapping[str, str]
    password_hash: str


NO_KEYS = Keys({}, "")


def companion(number: int) -> str:
    return f"企业伴员{number:02d}"


def liaison(department: str) -> str:
    return f"{department}联络员"


def contact(enterprise: str) -> str:
    return f"企业联系人（{enterprise}）"


async def found(plan: Plan, parent: Zone | None = None, keys: Keys = NO_KEYS) -> Cast:
    """The zone as planned: founded by the operator, furnished by its administrator."""
    zone = await create(OPERATOR, Zone, "found", code=plan.code, name=plan.name, parent=parent)
    administrator = await _person(OPERATOR, zone, ADMINISTRATOR, Role.ADMINISTRATOR, keys)
    viewer = await viewer_of(administrator.id, clock.now())
    async with changing(viewer):
        departments = {
            name: await create(
                viewer, Department, "create", zone=zone, name=name, aliases=list(aliases),
                is_fallback=name == plan.fallback,
            )
            for name, aliases in plan.departments.items()
        }
    people = {ADMINISTRATOR: administrator, **await _staff(viewer, zone, plan, departments, keys)}
    async with changing(viewer):
        enterprises = {firm.name: await _enterprise(viewer, zone, firm, people) for firm in plan.firms}
    if plan.contact_of:
        name = contact(plan.contact_of)
        people[name] = await _person(
            viewer, zone, name, Role.CONTACT, keys, enterprise=enterprises[plan.contact_of]
        )
    await _lay_down(viewer, zone, plan, people)
    return Cast(zone, departments, people, enterprises)


async def _staff(
    viewer: Viewer, zone: Zone, plan: Plan, departments: Mapping[str, Department], keys: Keys
) -> dict[str, Person]:
    entered = [
        *((name, role, None) for name, role in (
            (DISPATCHER, Role.DISPATCHER), (plan.leader, Role.LEADER), (AUDITOR, Role.AUDITOR)
        )),
        *((companion(n), Role.COMPANION, departments[plan.fallback]) for n in range(1, plan.companions + 1)),
        *((liaison(department.name), Role.LIAISON, department) for department in departments.values()),
    ]
    known = {name for name, _, _ in entered}
    holders = dict.fromkeys((*plan.leaders, *(holder for _, holder in plan.chain if holder)))
    entered += [(name, Role.LEADER, None) for name in holders if name not in known]
    people = {}
    for start in range(0, len(entered), AT_ONCE):
        async with changing(viewer):
            for name, role, department in entered[start : start + AT_ONCE]:
                people[name] = await _person(viewer, zone, name, role, keys, department=department)
    return people


async def _person(
    viewer: Viewer, zone: Zone, name: str, role: Role, keys: Keys, *,
    department: Department | None = None, enterprise: Enterprise | None = None,
) -> Person:
    async with changing(viewer) as change:
        person = await create(
            viewer, Person, "create", zone=zone, name=name, department=department, enterprise=enterprise
        )
        if login := keys.logins.get(name):
            change.put(Account(person_id=person.id, login=login, password_hash=keys.password_hash))
    await create(
        viewer, Membership, "grant", within=person, role=role, zone=zone,
        department=department if role is Role.LIAISON else None, enterprise=enterprise,
    )
    return person


async def _enterprise(viewer: Viewer, zone: Zone, firm: Firm, people: Mapping[str, Person]) -> Enterprise:
    return await create(
        viewer, Enterprise, "create", zone=zone, name=firm.name, companion=people[companion(firm.companion)],
        synthetic=not firm.source, source=firm.source or "示例",
    )


async def _lay_down(viewer: Viewer, zone: Zone, plan: Plan, people: Mapping[str, Person]) -> None:
    for level, (title, holder) in enumerate(plan.chain, start=1):
        person = people[holder] if holder else None
        await create(viewer, ChainLink, "add", within=zone, level=level, title=title, person=person)
    for name, value, source in plan.rules:
        await create(
            viewer, Setting, "set", within=zone, name=name, value=value, holds_from=clock.today().date(), source=source
        )


# Departments and short names as the zone's survey workbook writes them; the chain's head is printed (GL-06).
GUILIN = Plan(
    "GL", "桂林高新区", fallback="企业服务中心", companions=40,
    departments={
        "自然资源局": ("自规局",),
        "住建局": ("区住房和城乡建设局",),
        **dict.fromkeys(("金融办", "财政局", "工信局", "科技局", "税务局", "教育局", "人社局"), ()),
        **dict.fromkeys(("生态环境局", "征地拆迁办", "公交公司", "企业服务中心"), ()),
    },
    chain=(("园区服务科（示例）", "园区服务科负责人"), ("分管领导（示例）", "分管领导"), ("管委会主要领导", LEADER)),
    firms=(
        Firm("桂林市啄木鸟医疗器械有限公司", "GL-06"),
        *(Firm(f"示例企业·桂林·{number:03d}", companion=1 + (number - 1) // 3) for number in range(1, 13)),
    ),
    rules=(
        ("call_back", "3wd", "示例：报结后三个工作日内回访"),
        ("escalate_after", "3wd", "示例：逾期满三个工作日上报一级"),
    ),
    contact_of="桂林市啄木鸟医疗器械有限公司",
)

# The firms that the text names in full; the departments are made up.
KARAMAY = Plan(
    "KRM", "克拉玛依高新区", fallback="企业服务中心",
    departments={"科技局": (), "金融办": (), "市监局": (), "企业服务中心": ()},
    firms=(
        Firm("克拉玛依市正诚有限公司", "KRM-25"),
        Firm("克拉玛依胜利高原机械有限公司", "KRM-23"),
        Firm("新疆正通石油天然气股份有限公司", "KRM-24"),
        Firm("克拉玛依市科能防腐技术有限责任公司", "KRM-24"),
        Firm("西部黄金（克拉玛依）矿业科技有限责任公司", "KRM-27"),
    ),
)

LIANYUNGANG = Plan(
    "LYG", "连云港高新区", fallback="企业服务中心",
    departments={"金融办": (), "科技局": (), "市监局": (), "企业服务中心": ()},
    firms=(Firm("江苏金鸽网络科技有限公司", "LYG-05"),),
)

# The eight service areas (QT-04), of which 兜底 takes what no other accepts; 住建 and 水电组 (QT-06).
QIANTANG = Plan(
    "QT", "临江高新区（钱塘区）", fallback="兜底板块",
    departments={
        **{f"{area}板块": (area,) for area in ("人才", "科创", "政策", "金融", "开放", "诉求", "法治", "兜底")},
        "住建局": ("住建",), "水电组": ("水电",),
    },
    firms=(Firm("浙江海昶生物医药技术有限公司", "QT-06"), Firm("示例企业·钱塘·001", companion=2)),
)

# Four departments (HB-17); three layers that share out the firms (HB-03).
HEBI = Plan(
    "HB", "鹤壁市", fallback="企业服务中心",
    departments={"科技局": (), "财政局": (), "税务局": (), "发改委": ("发改",), "企业服务中心": ()},
    chain=(("干部包企业", companion(1)), ("科室包产业", "科室负责人"), ("领导包县区", LEADER)),
    firms=(Firm("示例企业·鹤壁·001"),),
)

# Four departments (GZ-15); the 1+1+1 chain, without which nothing is handled (GZ-05), here with one level vacant.
GANZHOU = Plan(
    "GZ", "赣州高新区", fallback="企业服务中心",
    departments={
        "税务局": ("税务",), "统计局": ("统计",), "科技局": ("科技",), "市监局": ("市监",), "企业服务中心": (),
    },
    chain=(("挂点干部专门抓", companion(1)), ("分管领导具体抓", None), ("主要领导亲自抓", LEADER)),
    leaders=("分管领导",),
    rules=(
        ("chain_required", "true", "GZ-05 “1+1+1”帮扶"),
        ("designate_after_returns", "2", "示例：本区退回满两次即指定"),
    ),
    firms=(Firm("示例企业·赣州·017"),),
)

# The bureau whose eight helps and full-time assistants the text counts (XY-01, XY-10); the departments are made up.
XINYI = Plan(
    "XY", "新沂市科技局", fallback="企业服务中心", departments={"科技局": (), "税务局": (), "企业服务中心": ()},
)

PLANS = {plan.code: plan for plan in (GUILIN, KARAMAY, LIANYUNGANG, QIANTANG, HEBI, GANZHOU, XINYI)}
