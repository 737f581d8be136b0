"""How posts are set up in units, several at once, and abolished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.assignments import Assignment, AssignmentState
from domain.posts import Post, PostState
from domain.refusals import Refusal, Refused
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = PostState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
POST_SET_UP = Refusal("POST_SET_UP", "该单位已设此岗位。", "The unit has this post already.", "title")
ENDS_BEFORE_IT_BEGAN = Refusal(
    "ENDS_BEFORE_IT_BEGAN", "自{since}起，不能在{on}之前终止。",
    "It began on {since} and cannot end before that, on {on}.",
)


@dataclass
class SetUp:
    unit: Annotated[str, Words("单位", "Unit, such as a town 镇街", 100)]
    title: Annotated[str, Words("岗位", "Title", 100)]
    since: Annotated[date, Words("设置日", "Since")]
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class Abolish:
    reason: Reason
    ends_on: Annotated[date, Words("撤销日", "The first day it is asked for no more")]


async def set_up(step: Step) -> None:
    post, given = step.record, step.input
    for name, value in vars(given).items():
        setattr(post, name, value)
    if await Post.filter(zone_id=post.zone_id, unit=post.unit, title=post.title, state=S.OPEN).exists():
        raise Refused(POST_SET_UP)


async def abolish(step: Step) -> None:
    post, given = step.record, step.input
    if given.ends_on < post.since:
        raise Refused(ENDS_BEFORE_IT_BEGAN.about(since=post.since, on=given.ends_on))
    post.ends_on = given.ends_on


async def release(step: Step) -> None:
    for each in await Assignment.filter(post_id=step.record.id, state=AssignmentState.HELD):
        await step.perform(each, "end", ends_on=step.input.ends_on, reason=step.input.reason)


POST = Flow(
    Post,
    PostState,
    [
        Move(
            "set_up", "设岗", "Set up a post", (), S.OPEN, (KEEPERS, THE_OPERATOR),
            input=SetUp, act=set_up, mutation="setUpPost",
        ),
        Move(
            "abolish", "撤岗", "Abolish", (S.OPEN,), S.ABOLISHED, (KEEPERS,),
            input=Abolish, act=abolish, then=release,
        ),
    ],
    zh="岗位",
    en="Post",
)
