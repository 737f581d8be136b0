"""What can be done next with a record, and why what cannot: the same rules that the mutation obeys."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import strawberry

import domain.refusals
from api.inputs import kind_name
from api.nodes import Lasting, Reading, for_reader
from api.refusals import Refusal, told
from domain.records import zone_of
from domain.zones import DEFAULTS
from workflows.flow import FLOWS, Flow, Move, Situation
from workflows.inputs import Field, fields_of

MOST_STANDINGS = 10_000


@strawberry.type(description="One thing a move asks for.")
class MoveInput:
    name: str
    label: str
    kind: str
    required: bool
    many: bool
    limit: int | None


@strawberry.type(description="A move of a record as the viewer stands to it.")
class MoveStanding(Lasting):
    name: str = strawberry.field(description="The mutation that makes it.")
    label: str
    allowed: bool
    reason: Refusal | None = strawberry.field(description="Why not, when not allowed.")
    inputs: list[MoveInput]


def moves() -> Any:
    """The moves open from where the record stands, each allowed or with the reason why not; none in the past."""
    return for_reader(_stand, "*", subject=True, description="What can be done next, and why what cannot.")


def _stand(reading: Reading) -> list[MoveStanding]:
    context, subject = reading.context, reading.subject
    if subject is None or context.as_of is not None:
        return []
    zone_id = zone_of(subject)
    rules = context.rulebook.rules.get(zone_id, DEFAULTS)
    calendar = context.rulebook.calendar_in(zone_id)
    situation = Situation(reading.row, subject, context.viewer, rules, calendar, context.at)
    flow, language = FLOWS[reading.model], context.language
    standings = [_standing(flow, move, refusal, language) for move, refusal in flow.open_moves(situation)]
    reading.lasts = not situation.timed
    return standings


@lru_cache(MOST_STANDINGS)
def _standing(flow: Flow, move: Move, refusal: domain.refusals.Refusal | None, language: str) -> MoveStanding:
    return MoveStanding(
        name=flow.mutation(move) or "",
        label=move.zh if language == "zh" else move.en,
        allowed=refusal is None,
        reason=told([refusal], language)[0] if refusal else None,
        inputs=[_asked(field, language) for field in fields_of(move.input)],
    )


def _asked(field: Field, language: str) -> MoveInput:
    return MoveInput(
        name=field.path,
        label=field.words.zh if language == "zh" else field.words.en,
        kind=kind_name(field),
        required=field.required,
        many=field.many,
        limit=field.words.limit if field.kind is str else None,
    )
