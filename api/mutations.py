"""Mutations, made from the flows: one for every move a person can make, and a bulk form where the move has one."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

import strawberry

from api.asked import refusing
from api.context import Context, Info, Made
from api.inputs import ID_FIELD, KEY_FIELD, VERSION_FIELD, Own, class_of, given_to, input_type
from api.nodes import NODES, key_of
from api.refusals import Refusal, told, turned_down
from domain import rows
from domain.database import first_hand, reads
from domain.records import Record
from domain.refusals import BAD_INPUT, Refused
from domain.viewers import OPERATOR, Viewer
from workflows.answers import once, read_key
from workflows.flow import FLOWS, Flow, Move
from workflows.inputs import fields_of
from workflows.perform import create, look_ahead, perform

MOST_IN_BULK = 200


@dataclasses.dataclass(frozen=True)
class Moving:
    """What a mutation of one record is to a plan."""

    model: type[Record]
    creates: bool
    make: Callable[[Context, Any], Awaitable[Made]]

    def seen_as(self, viewer: Viewer, again: bool = False) -> Viewer:
        """By whom the record is read: what one has just made one is shown, though it may then be someone else's."""
        return OPERATOR if self.creates and not again else viewer


def mutations() -> type[Any]:
    """The part of the Mutation type that the flows give rise to."""
    fields: dict[str, Any] = {}
    for flow in FLOWS.values():
        for move in flow.moves.values():
            name = flow.mutation(move)
            if move.who and name and flow.record in NODES:
                fields[name] = _single(flow, move, name)
                if move.bulk:
                    fields[_plural(name)] = _bulk(flow, move, _plural(name))
    return strawberry.type(type("Moves", (), {**fields, "__annotations__": {}}))


def _single(flow: Flow, move: Move, name: str) -> Any:
    record = _record_field(flow.record)
    own = _own_fields(flow, move)
    asked = input_type(_title(name) + "Input", f"{move.zh}: {move.en}.", move.input, own)
    payload = _payload(flow.record)

    async def make(context: Context, input: Any) -> Made:
        try:
            viewer = context.viewer
            if input.idempotency_key:  # else there is no change open yet when the move is made
                await look_ahead(viewer, flow.record, move.name, given_to(input, move.input))
            again = True

            async def act() -> str:
                nonlocal again
                again = False
                return await _do(viewer, flow, move, input)

            return Made(UUID(await once(viewer, input.idempotency_key, [name, _plain(input)], act)), again)
        except Refused as refused:
            refusing(each.code for each in refused.refusals)
            return Made(refusals=refused.refusals)

    async def resolve(info: Info, input: Any) -> Any:
        context = info.context
        made = context.made or await make(context, input)
        if made.error:
            raise made.error
        seen = made.key and await _as_it_is_now(flow.record, made.key, moving.seen_as(context.viewer, made.again))
        return payload(**{record: seen, "refusals": told(made.refusals, context.language)})

    moving = Moving(flow.record, not move.source, make)
    resolve.__annotations__ = {"info": Info, "input": asked, "return": payload}
    return strawberry.field(
        resolver=resolve, name=name, description=_described(flow, move), metadata={"move": moving}
    )


def _bulk(flow: Flow, move: Move, name: str) -> Any:
    record = _record_field(flow.record)
    item = input_type(_title(name) + "Item", "One record of many.", None, [ID_FIELD, VERSION_FIELD])
    own = [Own("records", list[item]), KEY_FIELD]  # type: ignore[valid-type]
    asked = input_type(_title(name) + "Input", f"{move.zh}: {move.en}; many at once.", move.input, own)
    result, payload = _bulk_payload(flow.record)

    async def one(info: Info, input: Any, item: Any) -> Any:
        viewer, key = info.context.viewer, input.idempotency_key
        try:
            done = await once(
                viewer, _key_of_one(key, item.id), [name, _plain(input), _plain(item)],
                lambda: _do(viewer, flow, move, input, item),
            )
            row = await _as_it_is_now(flow.record, UUID(done), viewer)
            return result(**{"id": item.id, record: row, "refusals": []})
        except Refused as refused:
            no = turned_down(refused.refusals, info.context.language)
            return result(**{"id": item.id, record: None, "refusals": no})

    async def resolve(info: Info, input: Any) -> Any:
        try:
            info.context.viewer  # noqa: B018 (nobody signed in is a refusal of the whole)
            read_key(input.idempotency_key)
        except Refused as refused:
            return payload(results=[], refusals=turned_down(refused.refusals, info.context.language))
        if not 1 <= len(input.records) <= MOST_IN_BULK:
            size = BAD_INPUT.about(
                "records", problem_zh=f"一次1至{MOST_IN_BULK}件", problem_en=f"1 to {MOST_IN_BULK} at once"
            )
            return payload(results=[], refusals=turned_down([size], info.context.language))
        return payload(results=[await one(info, input, item) for item in input.records], refusals=[])

    resolve.__annotations__ = {"info": Info, "input": asked, "return": payload}
    return strawberry.field(
        resolver=resolve, name=name, description=f"{_described(flow, move)} Many at once; each answers for itself."
    )


async def _as_it_is_now(model: type[Record], key: UUID, viewer: Viewer) -> Record | None:
    with first_hand():
        return await rows.seen(model, key, viewer, reads())


def _key_of_one(key: str | None, item_id: str) -> str | None:
    """Each record of many has a key of its own, made from the one given for all."""
    return key and hashlib.sha256(f"{key}:{item_id}".encode(errors="replace")).hexdigest()


async def _do(viewer: Viewer, flow: Flow, move: Move, input: Any, item: Any = None) -> str:
    place, given = item or input, given_to(input, move.input)
    if move.source:
        key = key_of(place.id, flow.record, "id")
        row = await perform(
            viewer, flow.record, key, move.name, expected_version=place.expected_version, **given
        )
    elif (within := _within(flow)) is not None:
        field = f"{_snake(within.__name__)}_id"
        holder = within(id=key_of(getattr(input, field), within, _camel(field)))
        row = await create(viewer, flow.record, move.name, within=holder, **given)
    else:
        row = await create(viewer, flow.record, move.name, **given)
    return str(row.id)


def _own_fields(flow: Flow, move: Move) -> list[Own]:
    if move.source:
        return [ID_FIELD, VERSION_FIELD, KEY_FIELD]
    within = _within(flow)
    return [Own(f"{_snake(within.__name__)}_id", strawberry.ID), KEY_FIELD] if within else [KEY_FIELD]


def _within(flow: Flow) -> type[Record] | None:
    """The kind of record a new one of this kind belongs to."""
    if flow.record.subject is None:
        return None
    hint = flow.record._meta.fields_map[flow.record.subject]
    related = getattr(hint, "related_model", None) or hint.model_name  # type: ignore[attr-defined]
    if isinstance(related, str):
        related = next(model for model in FLOWS if model.__name__ == related.split(".")[-1])
    return related  # type: ignore[no-any-return]


@cache
def _payload(record: type[Record]) -> Any:
    """What every move of a kind of record answers with; one type for all of them, so that a front end has one way to
    read it and a process fewer types to make when it starts."""
    fields = {_record_field(record): NODES[record] | None, "refusals": list[Refusal]}
    return _payload_type(f"{record.__name__}Payload", "The record as it is now, or why nothing was done.", fields)


@cache
def _bulk_payload(record: type[Record]) -> tuple[Any, Any]:
    name = record.__name__
    result: Any = _payload_type(
        f"{name}Result", "One record of many: as it is now, or why nothing was done.",
        {"id": strawberry.ID, _record_field(record): NODES[record] | None, "refusals": list[Refusal]},
    )
    fields = {"results": list[result], "refusals": list[Refusal]}
    return result, _payload_type(f"{name}ResultsPayload", "Each for itself; refusals here are of the whole.", fields)


def _payload_type(name: str, words: str, fields: Mapping[str, Any]) -> Any:
    declared = {field: (kind, strawberry.field()) for field, kind in fields.items()}
    return strawberry.type(class_of(name, words, declared), name=name, description=words)


def _described(flow: Flow, move: Move) -> str:
    who_zh, who_en = "、".join(who.zh for who in move.who), " or ".join(who.en for who in move.who)
    left_out = move.name == "edit" and not all(each.required for each in fields_of(move.input))
    anew = " All is said anew: what is left out is emptied." if left_out else ""
    return f"{move.zh}（{flow.zh}；{who_zh}）: {move.en}; by {who_en}.{anew}"


def _plain(input: Any) -> dict[str, Any]:
    body = dataclasses.asdict(input)
    body.pop("idempotency_key", None)
    body.pop("records", None)
    return body


def _record_field(record: type[Record]) -> str:
    return _snake(record.__name__)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _title(name: str) -> str:
    return name[0].upper() + name[1:]


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
