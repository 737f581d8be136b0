"""Six worked cases, as scripts: what a zone's text prints stands in `fact` with its row; the way there is made up.

1 `WOODPECKER` 啄木鸟 (GL-06) · 2 `JINGE` 金鸽 (LYG-05) · 3 `HAICHANG` 海昶生物 (QT-06) · 4 `ZHENGCHENG` 正诚
(KRM-25) · 5 `HEBI_ON_SITE` and `HEBI_PLANNED` (HB-02) · 6 `FALLBACK` 兜底 (QT-04), and what comes of too many returns:
`DESIGNATED` after three, as by default, `GANZHOU` after the two its rule allows; there the 1+1+1 chain (GZ-05) must be
full besides.
"""

from __future__ import annotations

from domain.cases import Category, Channel, Satisfaction
from workflows.script_lines import (
    accept,
    answer,
    call_back,
    case_line,
    clear,
    collect,
    consult,
    designate,
    dispatch,
    fill_level,
    fix,
    give_back,
    loan,
    sign,
    start,
    submit,
    supervise,
    the_dispatcher,
    verify,
)
from workflows.scripts import Line, Script

BASIS = "部门职责清单（示例）"


def closing(day: int, resolution: str, remark: str) -> tuple[Line, ...]:
    """Reported, checked, called back and closed: what every solved case ends with."""
    return (
        case_line(day, "report"),
        verify(day),
        clear(day + 1, resolution),
        call_back(day + 1, remark),
        case_line(day + 1, "close"),
    )


WOODPECKER = Script(
    zone="GL", enterprise="桂林市啄木鸟医疗器械有限公司", source="GL-06",
    title="项目用地自2021年起受阻",
    category=Category.LAND, channel=Channel.ON_SITE,
    problems=("项目用地自2021年起受阻，不能落地",),
    fact="用地问题自2021年起受阻，企业伴员上报管委会主要领导并对接部门，1个月内解决；项目投资1.2亿元，年新增产值2.5亿元。",
    made_up="承办部门、责任链前两级、督办、人员、日期与措施均为演示而设。",
    lines=(
        collect(0),
        case_line(0, "escalate", reason="用地受阻，须领导协调：报园区服务科"),
        case_line(0, "escalate", reason="跨部门事项：报分管领导"),
        case_line(0, "escalate", reason="自2021年起未能落实：报管委会主要领导"),
        case_line(0, "submit"),
        dispatch(1, "自然资源局", "住建局", "征地拆迁办"),
        sign(1, "自然资源局"),
        sign(1, "住建局"),
        fix(2, "自然资源局", 12, "完成用地报批组卷并上报", "核发建设用地批准手续"),
        fix(2, "住建局", 12, "同步预审施工图，用地批复当日受理施工许可"),
        sign(2, "征地拆迁办"),
        fix(3, "征地拆迁办", 8, "完成红线内剩余地块交付"),
        start(3, "征地拆迁办"),
        start(4, "自然资源局"),
        supervise(5, "自然资源局", "用地报批须在本月办结，请回复组卷进度和报批日期"),
        answer(6, "自然资源局", "组卷已完成，当日上报；批准手续预计五个工作日内核发"),
        accept(6),
        submit(8, "征地拆迁办", "剩余地块已全部交付"),
        submit(11, "自然资源局", "建设用地批准手续已核发"),
        submit(12, "住建局", "施工许可已受理，图审通过"),
        *closing(13, "用地已落实，项目开工：投资1.2亿元，年新增产值2.5亿元", "企业表示满意"),
    ),
)

JINGE = Script(
    zone="LYG", enterprise="江苏金鸽网络科技有限公司", source="LYG-05",
    title="现金流紧张，急需流动资金",
    category=Category.FUNDING, channel=Channel.ON_SITE,
    problems=("现金流紧张，缺少可抵押的固定资产",),
    fact="“现场会商”机制：当即邀请银行到场，以知识产权质押获得贷款500万元。",
    lines=(
        collect(0),
        consult(
            0, "企业会议室", "企业、企业伴员、金融办、市监局、银行（来源未具名）",
            "以知识产权质押方式申请贷款500万元，金融办牵头、市监局办理质押登记",
        ),
        case_line(0, "submit"),
        dispatch(0, "金融办", "市监局"),
        sign(0, "金融办"),
        sign(1, "市监局"),
        fix(1, "金融办", 10, "协调银行完成授信审批"),
        fix(1, "市监局", 5, "办理知识产权质押登记"),
        submit(4, "市监局", "质押登记已办结"),
        submit(8, "金融办", "知识产权质押贷款500万元已发放"),
        loan(8, 5_000_000, "LYG-05"),
        *closing(9, "知识产权质押贷款500万元到账，现金流问题解决", "企业表示满意"),
    ),
)

HAICHANG = Script(
    zone="QT", enterprise="浙江海昶生物医药技术有限公司", source="QT-06",
    title="筹备上市，需融资与竣工验收支持",
    category=Category.FUNDING, channel=Channel.ON_SITE,
    problems=("上市融资需多板块协同", "厂房竣工验收须提前，水电须同步到位"),
    fact="上市融资由金融板块牵头，科创、开放板块联动，住建、水电组到现场，竣工验收得以提前。",
    made_up="人员、日期与各项措施的细目均为演示而设。",
    lines=(
        collect(0),
        case_line(0, "submit"),
        dispatch(0, "金融板块", "科创板块", "开放板块", "住建局", "水电组"),
        sign(0, "金融板块"),
        sign(0, "科创板块"),
        sign(1, "开放板块"),
        sign(1, "住建局"),
        sign(1, "水电组"),
        fix(1, "金融板块", 25, "对接上市辅导与融资机构"),
        fix(1, "科创板块", 20, "梳理研发与知识产权材料"),
        fix(2, "开放板块", 20, "协助办理跨境业务材料"),
        fix(2, "住建局", 10, "现场核查，竣工验收提前"),
        fix(2, "水电组", 8, "现场接通水电"),
        submit(5, "水电组", "水电已接通"),
        submit(6, "住建局", "竣工验收已提前完成"),
        submit(8, "科创板块", "材料已梳理完毕"),
        submit(9, "开放板块", "跨境业务材料已办妥"),
        submit(10, "金融板块", "融资机构已签约，上市辅导已启动"),
        *closing(11, "金融、科创、开放、住建、水电五方任务全部完成", "企业表示满意"),
    ),
)

ZHENGCHENG = Script(
    zone="KRM", enterprise="克拉玛依市正诚有限公司", source="KRM-25",
    title="申请知识产权质押融资",
    category=Category.FUNDING,
    problems=("有知识产权而缺抵押物，融资困难",),
    fact="知识产权质押融资“知贷通”600万元，中国银行发放，为全市首笔。",
    lines=(
        collect(0),
        case_line(0, "submit"),
        dispatch(1, "金融办", "科技局"),
        sign(1, "金融办"),
        sign(1, "科技局"),
        fix(2, "科技局", 6, "出具知识产权与科技资质说明"),
        fix(2, "金融办", 15, "对接中国银行办理“知贷通”"),
        submit(6, "科技局", "说明已出具"),
        submit(12, "金融办", "中国银行“知贷通”600万元已发放，全市首笔"),
        *closing(13, "“知贷通”知识产权质押融资600万元到位", "企业表示满意"),
    ),
)

# One list of the enterprise, two branches: solved on the spot, or an opinion with a date (HB-02).
HEBI_LIST = ("不清楚高企认定奖补政策的申报口径", "科技贷申请材料多，办理周期长")

HEBI_ON_SITE = Script(
    zone="HB", enterprise="示例企业·鹤壁·001", source="HB-02",
    title="问题清单第1项：高企奖补申报口径",
    category=Category.POLICY, problems=HEBI_LIST[:1],
    fact="企业开出问题清单，能现场解决的现场解决，不能的给出解决意见并明确时间节点。",
    lines=(
        collect(0),
        case_line(
            0, "solve_on_site", result="现场逐条讲解申报口径，企业已掌握", satisfaction=Satisfaction.SATISFIED
        ),
    ),
)

HEBI_PLANNED = Script(
    zone="HB", enterprise="示例企业·鹤壁·001", source="HB-02",
    title="问题清单第2项：科技贷办理周期长",
    category=Category.FUNDING, problems=HEBI_LIST[1:], fact=HEBI_ON_SITE.fact,
    lines=(
        collect(0),
        case_line(0, "submit"),
        dispatch(1, "科技局", "财政局"),
        sign(1, "科技局"),
        sign(2, "财政局"),
        fix(2, "科技局", 10, "解决意见：一次性告知材料清单，专人代办"),
        fix(3, "财政局", 10, "解决意见：风险补偿审核限时办结"),
        start(4, "科技局"),
        submit(8, "财政局", "审核已办结"),
        submit(9, "科技局", "贷款材料已代办提交，银行受理"),
        *closing(10, "按时间节点办结", "企业表示满意"),
    ),
)

FALLBACK = Script(
    zone="QT", enterprise="示例企业·钱塘·001", source="QT-04",
    title="厂区外排水沟权属不清，雨后积水",
    problems=("厂区围墙外排水沟无人管护，雨后积水影响物流",),
    fact="八大服务板块之一为兜底。",
    lines=(
        collect(0),
        case_line(0, "submit"),
        dispatch(0, "住建局"),
        give_back(1, "住建局", "排水沟不在市政移交范围", BASIS),
        dispatch(1, "水电组"),
        give_back(2, "水电组", "只负责供水供电设施", BASIS),
        dispatch(2, "兜底板块"),
        sign(2, "兜底板块"),
        fix(3, "兜底板块", 10, "先行清淤排水，再厘清权属"),
        submit(7, "兜底板块", "已清淤排水，权属已由兜底板块协调明确"),
        *closing(8, "积水消除，管护单位已明确", "企业表示满意"),
    ),
)

DESIGNATED = Script(
    zone="GL", enterprise="示例企业·桂林·012",
    title="厂前道路破损，货车通行困难", category=Category.PROJECT,
    problems=("厂前道路破损，三个部门都认为不归本部门",),
    lines=(
        collect(0),
        case_line(0, "submit"),
        dispatch(0, "住建局"),
        give_back(1, "住建局", "道路未移交", BASIS),
        dispatch(1, "自然资源局"),
        give_back(2, "自然资源局", "不涉及用地审批", BASIS),
        dispatch(2, "公交公司"),
        give_back(3, "公交公司", "非公交线路", BASIS),
        designate(4, "住建局", "已退回三次，由分办机构指定住建局办理"),
        sign(4, "住建局"),
        fix(5, "住建局", 10, "修复破损路面"),
        submit(9, "住建局", "路面已修复"),
        *closing(10, "道路恢复通行", "企业表示满意"),
    ),
)

GANZHOU = Script(
    zone="GZ", enterprise="示例企业·赣州·017", source="GZ-05",
    title="研发费用归集口径不清", category=Category.POLICY,
    problems=("研发费用归集口径不清，影响高企申报",),
    fact="“1+1+1”帮扶：主要领导亲自抓、分管领导具体抓、挂点干部专门抓。",
    lines=(
        collect(0),
        case_line(0, "submit"),
        dispatch(0, "市监局"),
        give_back(1, "市监局", "不涉及市场监管职责", BASIS),
        dispatch(1, "统计局"),
        give_back(2, "统计局", "归集口径由主管部门解释", BASIS),
        designate(3, "科技局", "本区退回满两次即指定"),
        sign(3, "科技局"),
        fix(4, "科技局", 10, "会同税务局出具归集指引并上户辅导"),
        fill_level(5, "分管领导具体抓", "分管领导"),
        case_line(5, "begin", by=the_dispatcher),
        submit(9, "科技局", "归集指引已出具，辅导已完成"),
        *closing(10, "企业已按指引完成归集", "企业表示满意"),
    ),
)

WORKED_CASES = (
    WOODPECKER, JINGE, HAICHANG, ZHENGCHENG, HEBI_ON_SITE, HEBI_PLANNED, FALLBACK, DESIGNATED, GANZHOU,
)
