"""The flows as a page to read, docs/flows.md: each as a diagram and as its timetable."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from domain.refusals import Refusal
from workflows.flow import Flow, Move
from workflows.inputs import fields_of
from workflows.timetable import FLOWS

HEAD = """# 流程 Flows

Printed from the flows in `workflows/`, which are the tables the service itself obeys. A move that stays where it is
stands only in the table. “Refused with” lists what the move itself may object to; every move is also refused with
`NOT_FOUND` to those who may not see the record, `NOT_ALLOWED` to all but those named, `NOT_NOW` from other states.
“Heard by” names who gets a notice, in bold those of whom something is asked; whoever made the move gets none.
"""
COLUMNS = ("Move", "中文", "From", "To", "Who", "Refused with", "Asks for", "Mutation", "Heard by")


def flows_page() -> str:
    return "\n".join([HEAD, *(_section(FLOWS[record]) for record in sorted(FLOWS, key=lambda each: each.__name__))])


def _section(flow: Flow) -> str:
    return "\n".join([f"## {flow.zh} {flow.en}\n", *_diagram(flow), "", *_table(flow), ""])


def _diagram(flow: Flow) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield from (f'    state "{state.zh}" as {state.value}' for state in flow.states)
    for move in flow.moves.values():
        if not move.source and move.target:
            yield f"    [*] --> {move.target.value}: {move.zh}"
    for name, event in flow.machine.events.items():
        for source, (transition,) in event.transitions.items():
            if transition.dest != source:
                yield f"    {source} --> {transition.dest}: {flow.moves[name].zh}"
    yield "```"


def _table(flow: Flow) -> Iterator[str]:
    yield _row(COLUMNS)
    yield _row(["---"] * len(COLUMNS))
    yield from (_row(_cells(flow, move)) for move in flow.moves.values())


def _cells(flow: Flow, move: Move) -> list[str]:
    mutation = flow.mutation(move)
    instants = "".join(f"（`{alarm.column}` 过后）" for alarm in flow.alarms if alarm.move == move.name)
    return [
        f"`{move.name}`",
        move.zh,
        "、".join(state.zh for state in move.source) or "（新建）",
        move.target.zh if move.target else "（不变）",
        ("、".join(who.zh for who in move.who) or "（随其他步骤）") + instants,
        " ".join(f"`{code}`" for code in _objections(move)),
        "，".join(f"{field.words.zh}{'' if field.required else '（可选）'}" for field in fields_of(move.input)),
        f"`{mutation}`" if mutation else "",
        "、".join([*(f"**{each.zh}**" for each in move.asks), *(each.zh for each in move.tells)]),
    ]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _objections(move: Move) -> list[str]:
    """The codes a move's rules may refuse with: the refusals named in its guards and in what it does."""
    return sorted({code for rule in (*move.guards, move.act, move.then) for code in _codes(rule, set())})


def _codes(rule: Any, seen: set[object]) -> Iterator[str]:
    if not isinstance(rule, FunctionType) or rule in seen:
        return
    seen.add(rule)
    for name in rule.__code__.co_names:
        value = rule.__globals__.get(name)
        if isinstance(value, Refusal):
            yield value.code
        elif getattr(value, "__module__", "").startswith("workflows."):
            yield from _codes(value, seen)
