"""An event log in XES (IEEE 1849-2016): one flow, a trace for every record, an event for every move.

`history` instead of a flow takes a whole case as the trace: every move of everything that belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID
from xml.sax.saxutils import quoteattr

from domain.cases import Case
from domain.records import Record
from domain.refusals import Refusal, Refused
from domain.snapshots import snapshot
from workflows.mining import NAMES, Scope, actor, batches, departments_of_actors, entries, kind_called, shown, text
from workflows.timetable import FLOWS

HISTORY = "history"
NO_SUCH_FLOW = Refusal(
    "NO_SUCH_FLOW", "没有流程“{name}”；现有：history、{known}", "There is no flow “{name}”; there are: history, {known}"
)
EXTENSIONS = ("Concept", "Time", "Lifecycle", "Organizational", "Identity")
PREFIXES = {"Organizational": ("org", "org"), "Identity": ("identity", "identity")}
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
"""
GLOBALS = """<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/><date key="time:timestamp" \
value="1970-01-01T00:00:00.000+00:00"/><string key="lifecycle:transition" value="complete"/></global>
<classifier name="Move" keys="concept:name"/>
"""
COLUMNS = (
    "id", "record_kind", "record_id", "sequence", "move", "source", "target", "at", "actor_id", "acting_id", "caused_by"
)
TYPES = {"integer": "int", "boolean": "boolean", "time": "date", "string": "string"}


async def write_xes(path: Path, flow: str, wanted: Scope) -> tuple[int, int]:
    """Write the log of a flow, named by its kind of record, or of whole cases; how many traces and events it has."""
    model = Case if flow == HISTORY else kind_called(flow)
    if model is None:
        known = ", ".join(sorted(each.kind() for each in FLOWS))
        raise Refused(NO_SUCH_FLOW.about(name=flow, known=known))
    column = "subject_id" if flow == HISTORY else "record_id"
    traces = events = 0
    async with snapshot():
        groups = await departments_of_actors()
        with path.open("w", encoding="utf-8") as out:
            out.write(HEAD + "".join(f"{each}\n" for each in map(_extension, EXTENSIONS)) + GLOBALS)
            out.write(f"{_attribute('string', 'concept:name', flow)}\n")
            async for batch in batches(model, wanted.of(model)):
                moves = await entries(column, [row.id for row in batch], *COLUMNS)
                _write(out, batch, moves, column, groups)
                traces, events = traces + len(batch), events + len(moves)
            out.write("</log>\n")
    return traces, events


def _write(
    out: TextIO, batch: Sequence[Record], moves: Sequence[Mapping[str, Any]], column: str, groups: Mapping[UUID, str]
) -> None:
    by_record: dict[UUID, list[Mapping[str, Any]]] = {row.id: [] for row in batch}
    for move in moves:
        by_record[move[column]].append(move)
    for row in batch:
        out.write(f"<trace>{''.join(_case(row))}\n")
        out.writelines(f"<event>{''.join(_event(move, column, groups))}</event>\n" for move in by_record[row.id])
        out.write("</trace>\n")


def _case(row: Record) -> Iterator[str]:
    name = NAMES.get(row.kind(), "id")
    yield _attribute("string", "concept:name", str(getattr(row, name if row._meta.fields_map[name].unique else "id")))
    yield _attribute("id", "identity:id", str(row.id))
    for name, kind in shown(type(row)).items():
        value = getattr(row, name)
        if value is not None:
            yield _attribute("id" if isinstance(value, UUID) else TYPES[kind], name, text(value))


def _event(move: Mapping[str, Any], column: str, groups: Mapping[UUID, str]) -> Iterator[str]:
    whole, kind = column == "subject_id", move["record_kind"]
    yield _attribute("string", "concept:name", f"{kind}.{move['move']}" if whole else move["move"])
    yield _attribute("date", "time:timestamp", text(move["at"]))
    yield _attribute("string", "lifecycle:transition", "complete")
    yield _attribute("string", "org:resource", actor(move["actor_id"]))
    if group := groups.get(move["actor_id"]):
        yield _attribute("string", "org:group", group)
    yield _attribute("id", "identity:id", str(move["id"]))
    yield _attribute("string", "label", _label(kind, move["move"]))
    if whole:
        yield _attribute("id", "record", str(move["record_id"]))
    yield _attribute("int", "sequence", str(move["sequence"]))
    for name, key, kind in (("source", "from", "string"), ("target", "to", "string"), ("caused_by", "causedBy", "int")):
        if move[name] is not None:
            yield _attribute(kind, key, str(move[name]))
    if move["acting_id"] is not None:
        yield _attribute("id", "actedThrough", str(move["acting_id"]))


def _label(kind: str, move: str) -> str:
    model = kind_called(kind)
    known = FLOWS[model].moves.get(move) if model else None
    return known.zh if known else move


def _extension(name: str) -> str:
    prefix, file = PREFIXES.get(name, (name.lower(), name.lower()))
    return f'<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{file}.xesext"/>'


def _attribute(kind: str, key: str, value: str) -> str:
    return f"<{kind} key={quoteattr(key)} value={quoteattr(value)}/>"
