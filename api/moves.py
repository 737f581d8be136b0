"""Mutations, made from the flows: one for every move a person can make, and a bulk form where the move has one."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info, load_subject
from api.nodes import NODES, enum, key_of
from api.refusals import Refusal, told
from domain.records import Record
from domain.refusals import BAD_INPUT, Refused
from domain.words import Word
from workflows.answers import once, read_key
from workflows.flow import FLOWS, Flow, Move, Situation, Standing
from workflows.inputs import Field, fields_of
from workflows.perform import create, perform

MOST_IN_BULK = 200
KEY = "Same key and body: same answer, done once. Same key with another body is refused."
VERSION = "Refused as STALE unless the record still has this version."
_inputs: dict[type[Any], Any] = {}


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
    """The moves open from where the record stands, each allowed or with the reason why not: the same rules that
    the mutation obeys."""

    async def stand(parent: strawberry.Parent[Any], info: Info) -> list[MoveStanding]:
        context, subject = info.context, await load_subject(info.context, parent)
        if subject is None:
            return []
        rules = await context.rules_in(getattr(subject, "zone_id", subject.id))
        situation = Situation(parent, subject, context.viewer, rules, context.at)
        flow = FLOWS[type(parent)]
        open_moves = [each for each in flow.open_moves(situation) if each.move.mutation != ""]
        return [_standing(flow, each, context.language) for each in open_moves]

    return strawberry.field(resolver=stand, description="What can be done next, and why what cannot.")


def _standing(flow: Flow, standing: Standing, language: str) -> MoveStanding:
    move = standing.move
    return MoveStanding(
        name=mutation_name(flow, move),
        label=move.zh if language == "zh" else move.en,
        allowed=standing.refusal is None,
        reason=told([standing.refusal], language)[0] if standing.refusal else None,
        inputs=[_asked(field, language) for field in fields_of(move.input)],
    )


def _asked(field: Field, language: str) -> MoveInput:
    return MoveInput(
        name=field.path,
        label=field.words.zh if language == "zh" else field.words.en,
        kind="ID" if issubclass(field.kind, Record) else field.kind.__name__,
        required=field.required,
        many=field.many,
        limit=field.words.limit if field.kind is str else None,
    )


def mutations() -> type[Any]:
    """The part of the Mutation type that the flows give rise to."""
    fields: dict[str, Any] = {}
    for flow in FLOWS.values():
        for move in flow.moves.values():
            if move.who and move.mutation != "" and flow.record in NODES:
                name = mutation_name(flow, move)
                fields[name] = _single(flow, move, name)
                if move.bulk:
                    fields[_plural(name)] = _bulk(flow, move, _plural(name))
    return strawberry.type(type("Moves", (), {**fields, "__annotations__": {}}))


def mutation_name(flow: Flow, move: Move) -> str:
    return flow.mutation(move) or ""


def _single(flow: Flow, move: Move, name: str) -> Any:
    record = _record_field(flow)
    own = _own_fields(flow, move)
    input_type = _input_type(_title(name) + "Input", f"{move.zh}: {move.en}.", move.input, own)
    payload = _payload_type(_title(name) + "Payload", {record: NODES[flow.record] | None, "refusals": list[Refusal]})

    async def resolve(info: Info, input: Any) -> Any:
        language = info.context.language
        try:
            viewer = info.context.viewer
            done = await once(
                viewer, input.idempotency_key, [name, _plain(input)], lambda: _do(info, flow, move, input)
            )
            row = await flow.record.seen_by(viewer).filter(id=UUID(done)).first()
            return payload(**{record: row, "refusals": []})
        except Refused as refused:
            return payload(**{record: None, "refusals": told(refused.refusals, language)})

    resolve.__annotations__ = {"info": Info, "input": input_type, "return": payload}
    return strawberry.field(resolver=resolve, name=name, description=_described(flow, move))


def _bulk(flow: Flow, move: Move, name: str) -> Any:
    record = _record_field(flow)
    item = _input_type(_title(name) + "Item", "One record of many.", None, [ID_FIELD, VERSION_FIELD])
    own = [Own("records", list[item]), KEY_FIELD]  # type: ignore[valid-type]
    input_type = _input_type(_title(name) + "Input", f"{move.zh}: {move.en}; many at once.", move.input, own)
    result: Any = _payload_type(
        _title(name) + "Result", {"id": strawberry.ID, record: NODES[flow.record] | None, "refusals": list[Refusal]}
    )
    payload = _payload_type(_title(name) + "Payload", {"results": list[result], "refusals": list[Refusal]})

    async def one(info: Info, input: Any, item: Any) -> Any:
        viewer, key = info.context.viewer, input.idempotency_key
        try:
            done = await once(
                viewer, _key_of_one(key, item.id), [name, _plain(input), _plain(item)],
                lambda: _do(info, flow, move, input, item),
            )
            row = await flow.record.seen_by(viewer).filter(id=UUID(done)).first()
            return result(**{"id": item.id, record: row, "refusals": []})
        except Refused as refused:
            no = told(refused.refusals, info.context.language)
            return result(**{"id": item.id, record: None, "refusals": no})

    async def resolve(info: Info, input: Any) -> Any:
        info.context.viewer  # noqa: B018 (nobody signed in is a refusal of the whole)
        try:
            read_key(input.idempotency_key)
        except Refused as refused:
            return payload(results=[], refusals=told(refused.refusals, info.context.language))
        if not 1 <= len(input.records) <= MOST_IN_BULK:
            size = BAD_INPUT.about(
                "records", problem_zh=f"一次1至{MOST_IN_BULK}件", problem_en=f"1 to {MOST_IN_BULK} at once"
            )
            return payload(results=[], refusals=told([size], info.context.language))
        return payload(results=[await one(info, input, item) for item in input.records], refusals=[])

    resolve.__annotations__ = {"info": Info, "input": input_type, "return": payload}
    return strawberry.field(
        resolver=resolve, name=name, description=f"{_described(flow, move)} Many at once; each answers for itself."
    )


def _key_of_one(key: str | None, item_id: str) -> str | None:
    """Each record of many has a key of its own, made from the one given for all."""
    return key and hashlib.sha256(f"{key}:{item_id}".encode(errors="replace")).hexdigest()


async def _do(info: Info, flow: Flow, move: Move, input: Any, item: Any = None) -> str:
    viewer, given = info.context.viewer, _given(input, move.input)
    place = item or input
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


@dataclass(frozen=True)
class Own:
    """A field of an input that is not the move's but every mutation's; with a `description` it may be left out."""

    name: str
    kind: Any
    description: str | None = None


ID_FIELD = Own("id", strawberry.ID)
KEY_FIELD = Own("idempotency_key", str, KEY)
VERSION_FIELD = Own("expected_version", int, VERSION)


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


def _input_type(name: str, words: str, declared: Any, own: Iterable[Own]) -> Any:
    fields = {each.name: _input_field(each.kind, each.description is None, each.description) for each in own}
    for field in fields_of(declared) if declared else ():
        description = f"{field.words.zh}: {field.words.en}"
        fields[field.api_name] = _input_field(_kind(field), field.required, description)
    return strawberry.input(_class(name, fields), name=name, description=words)


def _input_field(kind: Any, required: bool, description: str | None) -> tuple[Any, Any]:
    if required:
        return kind, strawberry.field(description=description)
    return kind | None, strawberry.field(default=None, description=description)


def _class(name: str, fields: Mapping[str, tuple[Any, Any]]) -> type[Any]:
    """A class as one would have written it: an annotation and a value for each field."""
    annotations = {field: kind for field, (kind, _) in fields.items()}
    return type(name, (), {"__annotations__": annotations, **{field: value for field, (_, value) in fields.items()}})


def _kind(field: Field) -> Any:
    kind: Any = field.kind
    if issubclass(kind, Record):
        kind = strawberry.ID
    elif issubclass(kind, Word):
        kind = enum(kind)
    elif dataclasses.is_dataclass(kind):
        kind = _nested(kind)
    return list[kind] if field.many else kind


def _nested(declared: Any) -> Any:
    if declared not in _inputs:
        words = (declared.__doc__ or "").strip()
        described = declared.__name__ if words.startswith(f"{declared.__name__}(") else words
        _inputs[declared] = _input_type(f"{declared.__name__}Item", described, declared, [])
    return _inputs[declared]


def _given(input: Any, declared: Any, prefix: str = "") -> Mapping[str, Any]:
    """What a move is given: global ids as keys, nested inputs as mappings."""
    given: dict[str, Any] = {}
    for field in fields_of(declared):
        value = getattr(input, field.api_name)
        if value is None:
            continue
        path = f"{prefix}{field.path}"
        convert = _converter(field, path)
        given[field.name] = [convert(each) for each in value] if field.many else convert(value)
    return given


def _converter(field: Field, path: str) -> Callable[[Any], Any]:
    if issubclass(field.kind, Record):
        return lambda value: key_of(value, field.kind, path)
    if dataclasses.is_dataclass(field.kind):
        return lambda value: _given(value, field.kind, f"{path}.")
    return lambda value: value


def _payload_type(name: str, fields: Mapping[str, Any]) -> Any:
    declared = {field: (kind, strawberry.field()) for field, kind in fields.items()}
    return strawberry.type(_class(name, declared), name=name)


def _described(flow: Flow, move: Move) -> str:
    who_zh, who_en = "、".join(who.zh for who in move.who), " or ".join(who.en for who in move.who)
    return f"{move.zh}（{flow.zh}；{who_zh}）: {move.en}; by {who_en}."


def _plain(input: Any) -> dict[str, Any]:
    body = dataclasses.asdict(input)
    body.pop("idempotency_key", None)
    body.pop("records", None)
    return body


def _record_field(flow: Flow) -> str:
    return _snake(flow.record.__name__)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _title(name: str) -> str:
    return name[0].upper() + name[1:]


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
