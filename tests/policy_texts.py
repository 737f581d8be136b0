"""Policies of the texts as data, to try things on: Ganzhou's rewards, Hebi's, Ordos's brackets, agencies' subsidy."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from domain.agencies import Agency
from domain.applications import Application
from domain.campaigns import Campaign
from domain.enterprises import Enterprise
from domain.kinds import RecognitionKind
from domain.policies import Policy, PolicyVersion
from domain.viewers import OPERATOR, Viewer
from domain.zones import Zone
from workflows.perform import create, perform

YEAR_BEGINS = date(2023, 1, 1)
RECOGNISED = {"this_application": "state", "is": "recognised"}
GANZHOU_REWARD = {"choose": [
    {"when": [RECOGNISED, {"this_application": "first", "is": True}], "amount": {"fixed": "300000"}},
    {"when": [RECOGNISED], "amount": {"fixed": "200000"}},
    {"when": [{"this_application": "state", "is": "not_recognised"}], "amount": {"fixed": "20000"}},
]}
INTENSITY = {"times": [{"over": [{"indicator": "rd_spend"}, {"indicator": "revenue"}]}, 100]}
ORDOS_REWARD = {"of": INTENSITY, "brackets": [
    {"less_than": 1, "amount": {"fixed": "50000"}},
    {"more_than": 1, "less_than": 2, "amount": {"fixed": "100000"}},
    {"more_than": 2, "less_than": 3, "amount": {"fixed": "200000"}},
    {"more_than": 3, "amount": {"fixed": "300000"}},
]}
SUBSIDY = {
    "of": "high_tech", "completed_at_least": 5, "pass_rate_at_least": "60", "ranked_by": "passed",
    "prizes": ["50000", "30000", "20000"],
}


def a_benefit(code: str, amount: Any, *eligibility: Any, clause: str = "第一条", **more: Any) -> dict[str, Any]:
    rules = {"amount": json.dumps(amount), "eligibility": json.dumps(list(eligibility))}
    return {"clause": clause, "code": code, "name": code, **rules, **more}


def a_draft(*benefits: dict[str, Any], **more: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(["第一条", *(each["clause"] for each in benefits)])
    clauses = [{"number": number, "text": f"示例条文{number}"} for number in numbers]
    return {"source": "示例政策文件", "clauses": clauses, "benefits": list(benefits), **more}


async def a_policy(zone: Zone, *benefits: dict[str, Any], name: str = "高企奖励办法", **given: Any) -> Policy:
    """A policy whose first version holds from the beginning of 2023."""
    policy = await create(OPERATOR, Policy, "create", zone=zone, name=name, **given)
    version = await create(OPERATOR, PolicyVersion, "draft", within=policy, **a_draft(*benefits))
    await perform(OPERATOR, PolicyVersion, version.id, "publish", holds_from=YEAR_BEGINS)
    return await Policy.get(id=policy.id)


async def a_campaign(zone: Zone, year: int = 2023) -> Campaign:
    return await create(
        OPERATOR, Campaign, "announce", within=zone, name=f"{year}年高企申报", year=year,
        recognised_as=RecognitionKind.HIGH_TECH, opens_on=date(year, 6, 1), closes_on=date(year, 9, 30),
    )


async def an_application(
    leader: Viewer, enterprise: Enterprise, campaign: Campaign, passed: bool | None = None, *,
    agency: Agency | None = None, **given: Any
) -> Application:
    """Filed in the campaign, recognised or not unless it is left undecided."""
    application = await create(leader, Application, "draft", within=enterprise, campaign=campaign, **given)
    if agency:
        await perform(leader, Application, application.id, "name_agency", agency=agency)
    await perform(leader, Application, application.id, "submit", submitted_on=date(campaign.year, 8, 1))
    if passed is not None:
        decided = date(campaign.year, 11, 20)
        move: dict[str, Any] = {"recognised_on": decided} if passed else {"decided_on": decided, "reason": "指标不足"}
        await perform(leader, Application, application.id, "recognise" if passed else "turn_down", **move)
    return await Application.get(id=application.id)


async def an_enterprise(zone: Zone, name: str, **given: Any) -> Enterprise:
    return await create(OPERATOR, Enterprise, "create", zone=zone, name=name, synthetic=True, **given)
