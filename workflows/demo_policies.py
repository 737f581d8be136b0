"""Ganzhou's policies (GZ-07, GZ-11) for the demonstration, as data: amounts as printed, words and numbering made up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.policies import Per, Policy, PolicyVersion
from workflows.demo_rows import Row, entered, in_the_zone, moved

HOLDS_FROM = date(2023, 1, 1)
RECOGNISED = {"this_application": "state", "is": "recognised"}
NOT_RECOGNISED = {"this_application": "state", "is": "not_recognised"}


@dataclass(frozen=True)
class Text:
    """A policy of one clause with one benefit."""

    name: str
    source: str
    clause: str
    code: str
    amount: dict[str, Any]
    eligibility: tuple[dict[str, Any], ...] = ()
    per: Per = Per.APPLICATION

    @property
    def drafted(self) -> list[Row]:
        benefit = {
            "clause": "第一条", "code": self.code, "name": self.name, "amount": json.dumps(self.amount),
            "eligibility": json.dumps(self.eligibility), "per": self.per,
        }
        return [
            in_the_zone(Policy, "create", self.name, name=self.name),
            entered(
                PolicyVersion, "draft", f"{self.name} 1", within=self.name, source=self.source,
                clauses=[{"number": "第一条", "text": self.clause}], benefits=[benefit],
            ),
        ]

    @property
    def published(self) -> Row:
        return moved(f"{self.name} 1", "publish", holds_from=HOLDS_FROM)


# Which of the 39 were recognised for the first time is not printed: the tag is on nobody, so the sum is a range.
REWARD = Text(
    "高新技术企业认定奖励（示例）", "GZ-11", "首次认定奖励30万元，非首次认定奖励20万元。", "hnte",
    {"choose": [
        {"when": [RECOGNISED, {"tag": "首次认定"}], "amount": {"fixed": "300000"}},
        {"when": [RECOGNISED], "amount": {"fixed": "200000"}},
    ]},
    (RECOGNISED,),
)
AID = Text(
    "高新技术企业申报补助（示例）", "GZ-11", "当年完成申报但未通过认定的，补助2万元。",
    "aid", {"fixed": "20000"}, (NOT_RECOGNISED,),
)
# The text has no rule for a tie, nor has this.
SUBSIDY = Text(
    "中介机构竞争性补贴（示例）", "GZ-07",
    "年度内辅导完成申报5家以上且通过率60%以上的机构，按通过数取前三名，分别补贴5万元、3万元、2万元。", "agencies",
    {"competition": {
        "of": "high_tech", "completed_at_least": 5, "pass_rate_at_least": "60", "ranked_by": "passed",
        "prizes": ["50000", "30000", "20000"],
    }},
    per=Per.ENTERPRISE,
)
GANZHOU = (REWARD, AID, SUBSIDY)
