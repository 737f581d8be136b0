"""What changed between two instants, and who could see it then, over GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from tortoise import fields
from tortoise.fields.data import CharEnumFieldInstance

from api.context import Info
from api.filters import instant
from api.history import Entry
from api.nodes import NODES, key_of, parsed
from api.pages import DEFAULT_PAGE, AsOf, page_size
from domain.database import reads
from domain.records import Record, Subject, subjects, zone_of
from domain.refusals import BAD_INPUT, NOT_ALLOWED, NOT_FOUND, Refused
from domain.viewers import Role, Viewer
from workflows.comparisons import RecordChange, compare, entries_between, is_erased, names_in, who_could_see
from workflows.flow import FLOWS

if TYPE_CHECKING:
    from api.people import Person

ERASED = {"zh": "［已删除］", "en": "[erased]"}
WITHHELD = {"zh": "［个人信息］", "en": "[personal]"}
TRUTH = {"zh": ("否", "是"), "en": ("no", "yes")}


@strawberry.type(description="A column 字段 of a record: what it was, what it became, and the moves that changed it.")
class ColumnChange:
    column: str
    before: str | None = strawberry.field(description="In words, as the viewer may read it; null where there was none.")
    after: str | None
    entries: list[Entry] = strawberry.field(description="By whom, on whose behalf, why.")


@strawberry.type(description="What changed of one record.")
class RecordChanges:
    id: strawberry.ID
    kind: str = strawberry.field(description="What kind of record it is, in the reader's language.")
    made: bool = strawberry.field(description="Whether it came to be between the two instants.")
    columns: list[ColumnChange]


@strawberry.type(description="Who could see something 可见人员, some at a time.")
class Seers:
    persons: list[Annotated[Person, strawberry.lazy("api.people")]]
    end_cursor: strawberry.ID | None = strawberry.field(
        description="Where to go on, by `after`; null at the end. A page looks at so many persons and holds the seeing."
    )


@strawberry.type
class Query:
    @strawberry.field(
        description="What changed 前后对比 of a case, an enterprise … and of all that is its, after one instant up to"
        " another; from the moves the viewer may read of."
    )
    async def changes(
        self, info: Info, id: strawberry.ID, from_: Annotated[datetime, strawberry.argument(name="from")],
        until: datetime | None = None,
    ) -> list[RecordChanges]:
        viewer, language = info.context.viewer, info.context.language
        since, end = instant(from_, "from"), instant(until, "until") if until else info.context.at
        _, key = _subject(id)
        found = await compare(await entries_between(viewer, key, since, end))
        models = {model.kind(): model for model in FLOWS if model in NODES}
        names, seen = await names_in(viewer, _referred(found, models)), await _in_sight(viewer, found, models)
        words = Words(language, names, seen)
        return [
            RecordChanges(
                id=strawberry.ID(f"{models[each.kind].__name__}_{each.key}"), made=each.made,
                kind=getattr(FLOWS[models[each.kind]], "zh" if language == "zh" else "en"),
                columns=[
                    ColumnChange(
                        column=column.column, entries=column.entries,  # type: ignore[arg-type]
                        before=words.of(models[each.kind], each.key, column.column, column.before),
                        after=words.of(models[each.kind], each.key, column.column, column.after),
                    )
                    for column in each.changed
                ],
            )
            for each in found if each.kind in models
        ]

    @strawberry.field(
        description="Whose standing showed them a case, an enterprise …, now or as of an instant; for leaders and"
        " auditors of its zone.",
        extensions=[AsOf()],
    )
    async def who_could_see(
        self, info: Info, id: strawberry.ID, first: int = DEFAULT_PAGE, after: strawberry.ID | None = None
    ) -> Seers:
        from domain.people import Person

        model, key = _subject(id)
        subject = await model.seen_by(info.context.viewer).filter(id=key).using_db(reads()).first()
        if subject is None:
            raise Refused(NOT_FOUND.about("id"))
        if zone_of(subject) not in info.context.viewer.zones_as(Role.LEADER, Role.AUDITOR):
            raise Refused(NOT_ALLOWED.about(who="领导、审计员", who_en="leader or auditor"))
        last = key_of(after, Person, "after") if after else None
        persons, end = await who_could_see(model, key, info.context.at, last, page_size(first))
        return Seers(
            persons=persons,  # type: ignore[arg-type]
            end_cursor=strawberry.ID(f"Person_{end}") if end else None,
        )


def _subject(given: str) -> tuple[type[Subject], UUID]:
    kind, key = parsed(given)
    model = next((each for each in subjects() if each.__name__ == kind), None)
    if model is None or key is None:
        raise Refused(
            BAD_INPUT.about("id", problem_zh="不是有台账的对象", problem_en="this has no history of its own")
        )
    return model, key


class Words:
    """Values as they are said; those of persons only where the record itself is `seen`."""

    def __init__(self, language: str, names: Mapping[UUID, str], seen: frozenset[UUID]) -> None:
        self.language, self.names, self.seen = language, names, seen

    def of(self, model: Any, key: UUID, column: str, value: Any) -> str | None:
        field = model._meta.fields_map[column]
        if value is None:
            return None
        if is_erased(value):
            return ERASED[self.language]
        if column in model.personal and key not in self.seen:
            return WITHHELD[self.language]
        if isinstance(field, CharEnumFieldInstance) and self.language == "zh":
            words: Any = field.enum_type
            return next((each.zh for each in words if each.value == value), str(value))
        if isinstance(field, fields.BooleanField):
            return TRUTH[self.language][value]
        if isinstance(field, fields.UUIDField):
            return self.names.get(UUID(value), f"…{value[-12:]}")
        return str(value)


async def _in_sight(
    viewer: Viewer, found: Sequence[RecordChange], models: Mapping[str, type[Record]]
) -> frozenset[UUID]:
    """The records with personal columns that the viewer may see."""
    seen: set[UUID] = set()
    for model in {models[each.kind] for each in found if each.kind in models}:
        if model.personal:
            keys = [each.key for each in found if each.kind == model.kind()]
            rows = model.seen_by(viewer).filter(id__in=keys).using_db(reads())
            seen.update(await rows.values_list("id", flat=True))  # type: ignore[arg-type]
    return frozenset(seen)


def _referred(found: Sequence[RecordChange], models: Mapping[str, type[Record]]) -> set[tuple[type[Record], UUID]]:
    """The records that values name."""
    wanted: set[tuple[type[Record], UUID]] = set()
    for each in found:
        meta = models[each.kind]._meta if each.kind in models else None
        relations = {f"{name}_id": meta.fields_map[name].related_model for name in meta.fk_fields} if meta else {}  # type: ignore[attr-defined]
        for column in each.changed:
            if column.column in relations:
                values = (column.before, column.after)
                wanted |= {(relations[column.column], UUID(value)) for value in values if isinstance(value, str)}
    return wanted
