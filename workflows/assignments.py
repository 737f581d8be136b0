"""How persons are assigned to teams, posts, pupils, counties and industries, hand over, and leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from tortoise.expressions import F, Q

from domain.assignments import ALONE, Assignment, AssignmentState
from domain.people import Person, PersonState
from domain.posts import Post, PostState
from domain.refusals import OTHER_ZONE, Refusal, Refused
from domain.teams import Team, TeamState
from domain.viewers import Role
from domain.zones import lineage
from workflows.chains import NOT_STAFF
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.posts import ENDS_BEFORE_IT_BEGAN
from workflows.zones import THE_OPERATOR

S = AssignmentState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
ONE_THING = Refusal(
    "ONE_THING", "须且只须写明队伍、岗位、徒弟、县（区）、产业之一。",
    "Name just one of: team, post, pupil, county, industry.",
)
TAKEN = Refusal(
    "TAKEN", "{since}起已由他人承担，请办理交接。", "It is held by another since {since}; hand it over.", "since"
)
IN_THE_TEAM = Refusal("IN_THE_TEAM", "此人已在该队伍。", "This person is in the team already.", "personId")
OWN_MENTOR = Refusal("OWN_MENTOR", "不能做自己的师傅。", "Nobody is their own mentor.", "pupilId")
SAME_PERSON = Refusal("SAME_PERSON", "接任人与现任相同。", "It is held by this person already.", "personId")
GONE = Refusal("GONE", "该队伍或岗位已不存在。", "This team or post is there no more.")

Who = Annotated[Person, Words("人员", "Person")]
Since = Annotated[date, Words("起始日", "Since, that day included")]
Source = Annotated[str, Words("来源", "Source", 300, empty=True)]


@dataclass(kw_only=True)
class Assign:
    person: Who
    since: Since
    team: Annotated[Team | None, Words("队伍", "Team")] = None
    post: Annotated[Post | None, Words("岗位", "Post")] = None
    pupil: Annotated[Person | None, Words("徒弟", "Pupil, whose mentor the person is")] = None
    county: Annotated[str | None, Words("县（区）", "County that the person answers for", 60)] = None
    industry: Annotated[str | None, Words("产业", "Industry that the person answers for", 60)] = None
    title: Annotated[str, Words("职务", "Title, such as team leader", 100, empty=True)] = ""
    source: Source = ""


@dataclass(kw_only=True)
class TakeOver(Assign):
    follows: Annotated[Assignment, Words("前任", "The assignment that is handed over")]


@dataclass
class HandOver:
    to: Annotated[Person, Words("接任人", "To whom")]
    on: Annotated[date, Words("交接日", "The first day of the one who comes")]
    reason: Reason


@dataclass
class End:
    reason: Reason
    ends_on: Annotated[date, Words("卸任日", "The first day it holds no more")]


async def assign(step: Step) -> None:
    row, given = step.record, step.input
    named = [given.team, given.post, given.pupil, given.county, given.industry]
    if sum(each is not None for each in named) != 1:
        raise Refused(ONE_THING)
    row.person_id, row.since, row.title, row.source = given.person.id, given.since, given.title, given.source
    row.county, row.industry = given.county, given.industry
    for name in ("team", "post", "pupil"):
        it: Any = getattr(given, name)
        setattr(row, f"{name}_id", it.id if it else None)
        if it and name != "pupil" and it.zone_id != row.zone_id:
            raise Refused(OTHER_ZONE.about(f"{name}Id"))
    there = [each.state for each in (given.team, given.post) if each]
    if TeamState.DISBANDED in there or PostState.ABOLISHED in there:
        raise Refused(GONE)
    if given.post and given.since < given.post.since:
        raise Refused(ENDS_BEFORE_IT_BEGAN.about("since", since=given.post.since, on=given.since))
    for field, person in (("personId", given.person), ("pupilId", given.pupil)):
        await require_staff(person, row, field)
    if given.pupil and given.pupil.id == given.person.id:
        raise Refused(OWN_MENTOR)
    await is_free(row, getattr(given, "follows", None))


async def require_staff(person: Person | None, row: Assignment, field: str) -> None:
    """Whoever is assigned works in the zone, or in one above it."""
    if person and (person.enterprise_id or person.state is not PersonState.ACTIVE):
        raise Refused(NOT_STAFF.about(field))
    if person and person.zone_id not in await lineage(row.zone_id):
        raise Refused(OTHER_ZONE.about(field))


async def is_free(row: Assignment, follows: Assignment | None) -> None:
    """On no day do two persons hold what one holds alone; nobody is in a team twice."""
    alone = next((name for name in ALONE if getattr(row, name) is not None), None)
    same = ("zone_id", alone) if alone else ("team_id", "person_id")
    lasts = Q(ends_on__isnull=True) | Q(Q(ends_on__gt=row.since), Q(ends_on__gt=F("since")))
    others = Assignment.filter(lasts)
    others = others.filter(**{name: getattr(row, name) for name in same}).exclude(id=follows.id if follows else row.id)
    if other := await others.order_by("since").first():
        raise Refused((TAKEN if alone else IN_THE_TEAM).about(since=other.since))


async def hand_over(step: Step) -> None:
    row, given = step.record, step.input
    if given.to.id == row.person_id:
        raise Refused(SAME_PERSON.about("toId"))
    _end(row, given.on)


async def take_over(step: Step) -> None:
    """The one who comes begins on the day the other ends."""
    old, given = step.record, step.input
    row = {"person": given.to, "since": given.on, "title": old.title, "county": old.county, "industry": old.industry}
    for name, kind in (("team", Team), ("post", Post), ("pupil", Person)):
        key = getattr(old, f"{name}_id")
        row[name] = await kind.get(id=key) if key else None
    await step.create(Assignment, "take_over", **row, follows=old)


async def end(step: Step) -> None:
    _end(step.record, step.input.ends_on)


def _end(row: Assignment, on: date) -> None:
    if on < row.since:
        raise Refused(ENDS_BEFORE_IT_BEGAN.about(since=row.since, on=on))
    row.ends_on = on


ASSIGNMENT = Flow(
    Assignment,
    AssignmentState,
    [
        Move(
            "assign", "任用", "Assign", (), S.HELD, (KEEPERS, THE_OPERATOR),
            input=Assign, act=assign, mutation="assignPerson",
        ),
        Move("take_over", "接任", "Takes over", (), S.HELD, input=TakeOver, act=assign),
        Move(
            "hand_over", "交接", "Hand over", (S.HELD,), S.ENDED, (KEEPERS,),
            input=HandOver, act=hand_over, then=take_over,
        ),
        Move("end", "卸任", "End", (S.HELD,), S.ENDED, (KEEPERS,), input=End, act=end),
    ],
    zh="任用",
    en="Assignment",
)
