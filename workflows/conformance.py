"""Whether a history conforms: to itself, to the flows, and to the rows, totals, past, stays and timers it led to."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from domain.folds import ERASED, Fold, Folded, Key, State, Told, View, default_of, is_kept_as_committed
from domain.history import PersonalValue, in_one_spelling, plain
from domain.past import OWN
from domain.raw import Raw
from domain.spans import Stays
from domain.words import Word
from workflows.flow import FLOWS, Flow, Move, Situation, Tally
from workflows.standings import Standings

UNCOMPARED = ("version", "changed_at", "sequence", "head")
"""The first counts changes, of which a history that has two in one microsecond shows one; the others are compared
with the past and with the end of the chain."""
UNKNOWN: Any = None


class Wrong(Word):
    """What a replay may find."""

    SEQUENCE = "sequence", "序号不连续", "the numbers of the entries have a gap"
    CHAIN = "chain", "与前一条的摘要不符", "the entry is not chained to the one before it"
    HASH = "hash", "内容与摘要不符", "the entry is not what its hash was taken over"
    TIME = "time", "时间早于前一条", "the entry is earlier than the one before it"
    END = "end", "末条与登记的不符", "the history does not end where its subject says"
    MOVE = "move", "流程中没有这一步", "the flow has no such move"
    SOURCE = "source", "这一步不能从该状态出发", "the move does not go from that state"
    TARGET = "target", "这一步不通向该状态", "the move does not lead to that state"
    ACTOR = "actor", "经办人当时无权办理", "the person could not make the move then"
    BEFORE = "before", "改动前的值与此前记录不符", "what was before is not what the entries before it say"
    PERSONAL = "personal", "个人信息与承诺值不符", "a personal value is missing or not the one committed to"
    COLUMN = "column", "数据与历史不符", "the row is not what its history says"
    MISSING = "missing", "历史中有，数据中没有", "the history has it, the table does not"
    UNTOLD = "untold", "数据中有，历史中没有", "the table has it, the history does not"
    TALLY = "tally", "合计与明细不符", "a total is not the sum of its rows"
    PAST = "past", "留存的旧状态与历史不符", "what is kept of the past is not what the history says"
    SPAN = "span", "停留时段与历史不符", "the stays are not what the history says"
    TIMER = "timer", "定时与数据不符", "the timers are not those the row calls for"
    UNREADABLE = "unreadable", "无法读取", "it cannot be read"


@dataclass(frozen=True)
class Difference:
    """Something found: in which history, from which entry on (its sequence and move; None where none tells), of which
    record and column, what the history says and what was found."""

    wrong: Wrong
    subject: Key
    record: Key
    sequence: int | None = None
    move: str = ""
    column: str = ""
    said: Any = None
    found: Any = None


@dataclass
class History:
    """One history and the rows it is about, all in their JSON form."""

    subject: Key
    entries: Sequence[Told]
    rows: Mapping[Key, Raw]
    past: Mapping[str, Sequence[Raw]]
    spans: Sequence[Raw]
    timers: Sequence[Raw]
    personal: Mapping[str, PersonalValue]
    standings: Standings
    told: dict[Key, Folded] = field(default_factory=dict)
    stays: Stays = field(default_factory=Stays)

    def differences(self) -> Iterator[Difference]:
        """All there are; what stands there may be anything, and must not keep the rest from being looked at."""
        for part in (self._chain, self._moves, self._rows, self._tallies, self._past, self._spans, self._timers):
            try:
                yield from part()
            except Exception as error:
                yield Difference(Wrong.UNREADABLE, self.subject, self.subject, found=f"{type(error).__name__}: {error}")

    def _chain(self) -> Iterator[Difference]:
        head, at = "", None
        for place, entry in enumerate(self.entries, 1):
            if entry.sequence != place:
                yield self._at(entry, Wrong.SEQUENCE, said=place, found=entry.sequence)
                break
            if entry.previous != head:
                yield self._at(entry, Wrong.CHAIN, said=head, found=entry.previous)
                break
            if not _is_hashed(entry):
                yield self._at(entry, Wrong.HASH)
                break
            if at and entry.at < at:
                yield self._at(entry, Wrong.TIME, said=at, found=entry.at)
            head, at = entry.hash, entry.at
        subject = self.rows.get(self.subject)
        if self.entries and subject:
            end = self.entries[-1]
            if (subject["sequence"], subject["head"]) != (end.sequence, end.hash):
                yield self._at(
                    end, Wrong.END, said=f"{end.sequence} {end.hash}", found=f"{subject['sequence']} {subject['head']}"
                )

    def _moves(self) -> Iterator[Difference]:
        fold = Fold(self.personal, self.told)
        for entry in self.entries:
            flow = _flow(entry.record_kind)
            move = flow.moves.get(entry.move) if flow else None
            key = (entry.record_kind, entry.record_id)
            state = self.told[key].moved_by if key in self.told else None
            followed = fold.follow(entry)
            self.stays.follow(entry, followed.touched)
            if flow is None or move is None:
                yield self._at(entry, Wrong.MOVE, found=f"{entry.record_kind}.{entry.move}")
            else:
                yield from self._goes(flow, move, entry, state)
                yield from self._made_by(flow, move, entry, followed.touched[entry.record_id][not move.source])
            for record, column, known, said in followed.wrong:
                yield self._at(entry, Wrong.BEFORE, record=record, column=column, said=known, found=said)
            for commitment in fold.commitments(entry):
                value = self.personal.get(commitment)
                if value is None or not is_kept_as_committed(value):
                    yield self._at(entry, Wrong.PERSONAL, said=commitment)

    def _goes(self, flow: Flow, move: Move, entry: Told, last: Told | None) -> Iterator[Difference]:
        known = last.target if last else None
        allowed = [plain(state) for state in move.source] or [None]
        if entry.source != known or entry.source not in allowed:
            yield self._at(entry, Wrong.SOURCE, said=known, found=entry.source)
        elif entry.target != plain(flow.target(move, flow.states.of(entry.source) if entry.source else None)) or (
            entry.target != self.told[entry.record_kind, entry.record_id].columns.get("state", entry.target)
        ):
            yield self._at(entry, Wrong.TARGET, found=entry.target)

    def _made_by(self, flow: Flow, move: Move, entry: Told, columns: Mapping[str, Any]) -> Iterator[Difference]:
        """Whether the actor could, where that shows: not of what moves bring about, nor of what looks at other rows,
        or at the rules and the calendar of then."""
        if entry.caused_by is not None or not move.who:
            return
        over, at = _flow(entry.subject_kind), datetime.fromisoformat(entry.at)
        situation = Situation(
            View(flow.record, entry.record_id, columns),
            View(over.record if over else None, entry.subject_id, self.told[self.subject].columns),
            self.standings.at(UUID(entry.actor_id), at), {}, UNKNOWN, at,
        )
        try:
            barred = flow.barred(move, situation)
        except (AttributeError, TypeError, KeyError):
            return
        if barred:
            yield self._at(entry, Wrong.ACTOR, said=barred.en, found=entry.actor_id)

    def _rows(self) -> Iterator[Difference]:
        for key, folded in self.told.items():
            row = self.rows.get(key)
            if row is None:
                yield self._began(Wrong.MISSING, key, folded.moved_by)
                continue
            for column, said in _unlike(key[0], folded.columns, row, UNCOMPARED):
                yield self._began(Wrong.COLUMN, key, folded.set_by.get(column), column, said, row[column])
        for key in self.rows.keys() - self.told.keys():
            yield Difference(Wrong.UNTOLD, self.subject, key)

    def _tallies(self) -> Iterator[Difference]:
        for tally, kind, parents, counted in _tallies(self.rows):
            for key, row in parents.items():
                if row[tally.column] != counted[key]:
                    told = self.told.get((kind, key))
                    began = told.set_by.get(tally.column) if told else None
                    yield self._began(Wrong.TALLY, (kind, key), began, tally.column, counted[key], row[tally.column])

    def _past(self) -> Iterator[Difference]:
        for key, row in self.rows.items():
            if key not in self.told:
                continue
            states = list(self.told[key].held())
            ends = [*(state.at for state in states[1:]), None]
            kept = self.past.get(key[1], ())
            said = [(state.at, end) for state, end in zip(states, ends, strict=True)]
            found = [*((each["changed_at"], each[OWN[0]]) for each in kept), (row["changed_at"], None)]
            if said != found:
                first = next(n for n in range(len(said) + 1) if said[: n + 1] != found[: n + 1])
                yield self._began(Wrong.PAST, key, self._entry_at(states, first), "", said[first:], found[first:])
                continue
            for place, (state, each) in enumerate(zip(states, kept, strict=False)):
                for column, told in _unlike(key[0], state.columns, each, UNCOMPARED[:2]):
                    entry = self._entry_at(states, place)
                    yield self._began(Wrong.PAST, key, entry, column, told, each[column])
        for lost in self.past.keys() - {key for _, key in self.rows}:
            kept_first = self.past[lost][0]
            yield Difference(Wrong.UNTOLD, self.subject, (kept_first["kind"], lost), found=kept_first["changed_at"])

    def _entry_at(self, states: Sequence[State], place: int) -> Told | None:
        """The entry that began a state."""
        at = states[min(place, len(states) - 1)].at
        return next((entry for entry in self.entries if entry.at == at), None)

    def _spans(self) -> Iterator[Difference]:
        found = {span["id"]: span for span in self.spans}
        for span in self.stays.new:
            other = found.pop(span["id"], {})
            if span != other:
                column = next(name for name in span if name not in other or span[name] != other[name])
                began = next((entry for entry in self.entries if entry.id == span["id"]), None)
                key = span["record_kind"], span["record_id"]
                yield self._began(Wrong.SPAN, key, began, column, span[column], other.get(column))
        for other in found.values():
            key = other["record_kind"], other["record_id"]
            yield Difference(Wrong.SPAN, self.subject, key, found=other["entered_at"])

    def _timers(self) -> Iterator[Difference]:
        set_: dict[Key, dict[str, Raw]] = {}
        for timer in self.timers:
            set_.setdefault((timer["record_kind"], timer["record_id"]), {})[timer["move"]] = timer
        for key, row in self.rows.items():
            flow, found = _flow(key[0]), set_.pop(key, {})
            due = flow.due(row) if flow and flow.alarms else {}
            for move, at in due.items():
                set_for = found[move]["due_at"] if move in found else None
                if set_for != at:
                    yield self._began(Wrong.TIMER, key, None, move, at, set_for)
            for timer in found.values():
                if timer["move"] not in due and timer["fired_at"] is None:
                    yield self._began(Wrong.TIMER, key, None, timer["move"], None, timer["due_at"])
        for key, found in set_.items():
            for timer in found.values():
                yield Difference(Wrong.TIMER, self.subject, key, column=timer["move"], found=timer["due_at"])

    def _at(self, entry: Told, wrong: Wrong, *, record: Key | None = None, **more: Any) -> Difference:
        record = record or (entry.record_kind, str(entry.record_id))
        return Difference(wrong, self.subject, record, entry.sequence, entry.move, **more)

    def _began(
        self, wrong: Wrong, record: Key, entry: Told | None, column: str = "", said: Any = None, found: Any = None
    ) -> Difference:
        sequence, move = (entry.sequence, entry.move) if entry else (None, "")
        return Difference(wrong, self.subject, record, sequence, move, column, said, found)


@cache
def _flow(kind: str) -> Flow | None:
    return next((flow for record, flow in FLOWS.items() if record.kind() == kind), None)


@cache
def _defaults(kind: str) -> Mapping[str, Any]:
    """What the columns of a kind of record hold that an entry never told of."""
    flow = _flow(kind)
    fields = flow.record._meta.fields_map if flow else {}
    return {name: default_of(fields[name]) for name in flow.record.columns()} if flow else {}


def _is_hashed(entry: Told) -> bool:
    """Whether the hash is that of its canonical bytes; those of the faster writer are nearly always the same."""
    columns = {name: value for name, value in vars(entry).items() if name != "hash"}
    fast = orjson.dumps(columns, option=orjson.OPT_SORT_KEYS)
    if hashlib.sha256(fast).hexdigest() == entry.hash:
        return True
    return hashlib.sha256(in_one_spelling(columns).encode()).hexdigest() == entry.hash  # type: ignore[no-any-return]


def _unlike(kind: str, told: Mapping[str, Any], row: Raw, but: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The columns of a row that are not what its history says, and what that is."""
    said = {**_defaults(kind), **told}
    for name in but:
        said.pop(name, None)
    if said.items() <= row.items():
        return
    for column, value in said.items():
        if value is not ERASED and column in row and row[column] != value:
            yield column, value


def _tallies(rows: Mapping[Key, Raw]) -> Iterator[tuple[Tally, str, Mapping[str, Raw], Counter[str]]]:
    """Every total there is, the kind and rows of records that have it, and what it comes to for each."""
    by_kind: defaultdict[str, dict[str, Raw]] = defaultdict(dict)
    for (kind, key), row in rows.items():
        by_kind[kind][key] = row
    for model, flow in FLOWS.items():
        for tally in flow.tallies:
            parent = model._meta.fields_map[tally.relation].related_model.kind()  # type: ignore[attr-defined]
            if parents := by_kind.get(parent):
                column = f"{tally.relation}_id"
                yield tally, parent, parents, Counter(
                    row[column] for key, row in by_kind.get(model.kind(), {}).items()
                    if row.get("state") in tally.states and tally.when(View(model, key, row))
                )
