"""What can be done next with a record, and why what cannot: the same rules that the mutation obeys."""

from __future__ import annotations

from typing import Any

import strawberry

from api.inputs import kind_name
from api.nodes import Reading, for_reader
from api.refusals import Refusal, told
from domain.calendar import shipped
from domain.zones import DEFAULTS
from workflows.flow import FLOWS, Flow, Situation, Standing
from workflows.inputs import Field, fields_of


@strawberry.type(description="One thing a move asks for.")
class MoveInput:
    name: str
    label: str
    kind: str
    required: bool
    many: bool
    limit: int | None


@strawberry.type(description="A move of a record as the viewer stands to it.")
class MoveStanding:
    name: str = strawberry.field(description="The mutation that makes it.")
    label: str
    allowed: bool
    reason: Refusal | None = strawberry.field(description="Why not, when not allowed.")
    inputs: list[MoveInput]


def moves() -> Any:
    """The moves open from where the record stands, each allowed or with the reason why not."""
    return for_reader(_stand, "*", subject=True, description="What can be done next, and why what cannot.")


def _stand(reading: Reading) -> list[MoveStanding]:
    context, subject = reading.context, reading.subject
    if subject is None:
        return []
    zone_id = getattr(subject, "zone_id", subject.id)
    rules = (context.rules or {}).get(zone_id, DEFAULTS)
    calendar = context.calendars.get(zone_id) or shipped()
    situation = Situation(reading.row, subject, context.viewer, rules, calendar, context.at)
    flow = FLOWS[reading.model]
    return [_standing(flow, each, context.language) for each in flow.open_moves(situation) if flow.mutation(each.move)]


def _standing(flow: Flow, standing: Standing, language: str) -> MoveStanding:
    move = standing.move
    return MoveStanding(
        name=flow.mutation(move) or "",
        label=move.zh if language == "zh" else move.en,
        allowed=standing.refusal is None,
        reason=told([standing.refusal], language)[0] if standing.refusal else None,
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
