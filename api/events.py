"""Events planned once: what a subscription selects of a case that moved becomes one statement, which reads the case and
its entries in the very shape of the event. Whatever a plan cannot say is left to the ordinary executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
from graphql import DocumentNode, OperationType
from strawberry import Schema

from api.columns import Unread
from api.context import Context
from api.documents import LARGEST_VARIABLES, LONGEST_DOCUMENT, MOST_PLANS
from api.pages import NOW, SUBJECT
from api.places import Place
from api.plans import fill
from api.roots import Root
from api.selections import Details, Selection, Unplannable, declared, kind_under, name_of, selection
from api.statements import Statement
from api.streams import Happening, Watch
from api.together import together
from domain.cases import Case
from domain.database import default_url, reads
from domain.history import Entry
from domain.recent import Recent
from domain.viewers import Viewer
from workflows.announce import Note

MOST_ENTRIES = 100
FIRST, LAST = "\x00first", "\x00last"
"""What stands in the parameters of a plan for what a note says."""


@dataclass(frozen=True)
class Read:
    """What a plan read of a case that moved: whether it is among what is watched, and what is told of it if any entry
    of the move is in sight."""

    watched: bool
    event: Any = None


@dataclass
class EventPlan:
    """The statement that reads an event as one viewer sees it; written anew when more has become known of which
    columns its functions look at."""

    write: Callable[[], tuple[Root, bool]]

    def __post_init__(self) -> None:
        self.root, self.learning = self.write()

    async def read(self, note: Note, context: Context) -> Read:
        """Those for whom the same statement asks the same are answered by one."""
        if self.root.rules:
            await _prepare(context)
        while True:
            parameters = _bound(self.root.parameters, note, context)
            key = (self.root.sql, *parameters)
            found = await together(key, partial(reads().execute_query_dict, self.root.sql, parameters))
            if not found or not found[0]["place"]:
                return Read(watched=bool(found))
            try:
                event = self._filled(found[0]["node"], context)
            except Unread:
                self.root, self.learning = self.write()
                continue
            if self.learning:
                self.root, self.learning = self.write()
            return Read(True, {self.root.key: event})

    def _filled(self, node: str, context: Context) -> Any:
        if not self.root.holes:
            return orjson.Fragment(node)
        event = orjson.loads(node)
        for hole in self.root.holes:
            fill(event, hole.path, hole.fill, context)
        return event


class EventStatement(Statement):
    """One statement for one event."""

    def event(self, key: str, watch: Watch, kind: Any, details: Details) -> Root:
        case = Place(Case, '"case"', None, ())
        pairs = {name: self._part(case, name, kind, each) for name, each in self.selection.under(kind, details).items()}
        entry = Place(Entry, self._alias(), None, ())
        seen = f'CASE WHEN EXISTS(SELECT 1 FROM "entry" {entry.table} WHERE {self._moved(case, entry)}) THEN 1 END'
        rows = watch.rows(self.context.viewer, NOW).filter(id=SUBJECT)
        return self._root(key, self._written(rows, self.dialect.object(pairs), place=seen), lambda rows, _: rows)

    def _part(self, case: Place, key: str, kind: Any, details: Details) -> str:
        name = name_of(details)
        if name == "__typename":
            return self.dialect.word(kind.name)
        match declared(kind, name).python_name:
            case "kind":
                return self.dialect.word("CHANGED")
            case "case_id":
                return self.dialect.global_id("Case", case.column("id"))
            case "case":
                return self._object(replace(case, kind=kind_under(kind, details), path=(key,)), details)
            case "entries":
                return self._entries(case, key, kind, details)
        raise Unplannable

    def _entries(self, case: Place, key: str, kind: Any, details: Details) -> str:
        entry, rows = Place(Entry, self._alias(), kind_under(kind, details), (key, "*")), self._alias()
        return self.dialect.nested(
            f"(SELECT {self.dialect.array(self.dialect.nested(f'{rows}.node'))} FROM ("
            f'SELECT {self._object(entry, details)} AS node FROM "entry" {entry.table} '
            f"WHERE {self._moved(case, entry)} ORDER BY {entry.column('sequence')} LIMIT {MOST_ENTRIES}) {rows})"
        )

    def _moved(self, case: Place, entry: Place) -> str:
        """The entries of a note that are in sight."""
        first, last = self._placed(FIRST), self._placed(LAST)
        return (
            f"{entry.column('subject_id')} = {case.column('id')} AND {entry.column('sequence')} >= {first} "
            f"AND {entry.column('sequence')} <= {last}{self._sight(entry)}"
        )


_plans: Recent[EventPlan | None] = Recent(MOST_PLANS)


def event_plan(
    schema: Schema, asked: tuple[str, str | None, bytes], document: DocumentNode, variables: Mapping[str, Any],
    happening: Happening,
) -> EventPlan | None:
    """The plan by which a watcher is told of moves of cases; None where the executor has to tell them."""
    if len(asked[0]) > LONGEST_DOCUMENT or len(asked[2]) > LARGEST_VARIABLES:
        return None
    key = (asked, happening.viewer.standing, default_url())
    if key not in _plans.kept:
        _plans.put(key, _plan(schema, document, asked[1], variables, happening))
    return _plans.get(key)


def forget(plan: EventPlan) -> None:
    """From now on the executor answers in its place."""
    for key, kept in _plans.kept.items():
        if kept is plan:
            _plans.kept[key] = None


def _plan(
    schema: Schema, document: DocumentNode, operation: str | None, variables: Mapping[str, Any], happening: Happening
) -> EventPlan | None:
    source = schema._schema
    try:
        chosen = selection(source, document.definitions, operation, dict(variables), OperationType.SUBSCRIPTION)
        return EventPlan(partial(_written, chosen, happening.watch, happening.viewer))
    except Exception:  # whatever it is that cannot be planned, the executor tells it, or what is wrong with it
        return None


def _written(chosen: Selection, watch: Watch, viewer: Viewer) -> tuple[Root, bool]:
    root = chosen.schema.subscription_type
    assert root
    ((key, details),) = chosen.roots(root).items()
    statement = EventStatement(chosen, Context(viewer, "", ""))
    return statement.event(key, watch, kind_under(root, details), details), statement.learning


def _bound(parameters: Sequence[Any], note: Note, context: Context) -> list[Any]:
    told = {SUBJECT: note.subject_id, str(SUBJECT): str(note.subject_id), FIRST: note.first, LAST: note.last}
    return [told.get(each, context.at if each == NOW else each) for each in parameters]


async def _prepare(context: Context) -> None:
    """The rules and the calendars of some zones, read once for all who see those zones."""
    at = Context(context.someone, "", "", at=context.at)

    async def made() -> Context:
        await at.prepare()
        return at

    found = await together(("rules", context.viewer.zones), made)
    context.read = found.read
