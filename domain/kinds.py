"""What enterprises, and what they make, are recognised as, and at which level."""

from __future__ import annotations

from domain.words import Word


class RecognitionKind(Word):
    """认定类别: what one can be recognised as; the texts' own kinds, and OTHER with a title of its own."""

    HIGH_TECH = "high_tech", "高新技术企业", "High and new technology enterprise"
    TECH_SME = "tech_sme", "科技型中小企业", "Technology-based small or medium enterprise, filed each year"
    INNOVATIVE_SME = "innovative_sme", "创新型中小企业", "Innovative small or medium enterprise"
    SPECIALISED = "specialised", "专精特新中小企业", "Specialised and sophisticated enterprise"
    LITTLE_GIANT = "little_giant", "专精特新“小巨人”企业", "Specialised “little giant”"
    TECH_GIANT = "tech_giant", "科技小巨人企业", "Technology “little giant”"
    CHAMPION = "champion", "制造业单项冠军", "Champion of a single product"
    FLEDGLING = "fledgling", "雏鹰企业", "Fledgling"
    HEAD_GOOSE = "head_goose", "创新“头雁”企业", "Head goose"
    GAZELLE = "gazelle", "瞪羚企业", "Gazelle"
    UNICORN = "unicorn", "独角兽企业", "Unicorn"
    INNOVATION_LEADER = "innovation_leader", "创新龙头企业", "Leader in innovation"
    TOP_HUNDRED = "top_hundred", "百强企业", "One of the top hundred"
    FIRST_SET = "first_set", "首台（套）", "First set of a major equipment"
    FIRST_BATCH = "first_batch", "首批次", "First batch of a new material"
    FIRST_VERSION = "first_version", "首版次", "First version of a software"
    ABOVE_SCALE = "above_scale", "规上企业", "Above-scale enterprise"
    SCIENCE_SERVICE = "science_service", "规上科技服务业企业", "Above-scale enterprise of technology services"
    RESEARCH_BODY = "research_body", "研发机构", "Research and development institution or platform"
    INCUBATOR = "incubator", "科创载体", "Incubator or maker space"
    PROJECT = "project", "科技项目", "Science and technology project"
    OTHER = "other", "其他", "Anything else, as its title says"


REPEATED = (
    RecognitionKind.FIRST_SET, RecognitionKind.FIRST_BATCH, RecognitionKind.FIRST_VERSION,
    RecognitionKind.RESEARCH_BODY, RecognitionKind.INCUBATOR, RecognitionKind.PROJECT, RecognitionKind.OTHER,
)
"""Kinds of which an enterprise may hold several at once. Of all others a new certificate renews the one before."""


class Level(Word):
    """级别: which level of government recognises."""

    NATIONAL = "national", "国家级", "National"
    PROVINCIAL = "provincial", "省级", "Provincial"
    CITY = "city", "市级", "City"
    ZONE = "zone", "区县级", "County, district or zone"
    UNSTATED = "unstated", "未注明", "Not stated"
