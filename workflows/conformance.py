"""Whether a history conforms: to itself, to the flows, and to the rows, totals, past, stays and timers it led to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.folds import ERASED, Fold, Folded, Key, State, View, default_of, is_kept_as_committed
from domain.history import Entry, PersonalValue, entry_hash, plain
from domain.past import OWN
from domain.records import Record, Subject
from domain.spans import Span, spans_of
from domain.timers import Timer
from domain.words import Word
from workflows.changes import columns_of
from workflows.flow import FLOWS, Flow, Move, Situation
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
    """One history and the rows it is about."""

    subject: Key
    entries: Sequence[Entry]
    rows: Mapping[Key, Record]
    past: Mapping[str, Sequence[Mapping[str, Any]]]
    spans: Sequence[Span]
    timers: Sequence[Timer]
    personal: Mapping[str, PersonalValue]
    standings: Standings
    told: dict[Key, Folded] = field(default_factory=dict)

    def differences(self) -> Iterator[Difference]:
        yield from self._chain()
        yield from self._moves()
        yield from self._rows()
        yield from self._tallies()
        yield from self._past()
        yield from self._spans()
        yield from self._timers()

    def _chain(self) -> Iterator[Difference]:
        head, at = "", None
        for place, entry in enumerate(self.entries, 1):
            if entry.sequence != place:
                yield self._at(entry, Wrong.SEQUENCE, said=place, found=entry.sequence)
                break
            if entry.previous != head:
                yield self._at(entry, Wrong.CHAIN, said=head, found=entry.previous)
                break
            if entry_hash(entry) != entry.hash:
                yield self._at(entry, Wrong.HASH)
                break
            if at and entry.at < at:
                yield self._at(entry, Wrong.TIME, said=plain(at), found=plain(entry.at))
            head, at = entry.hash, entry.at
        subject = self.rows.get(self.subject)
        if self.entries and isinstance(subject, Subject):
            end = self.entries[-1]
            if (subject.sequence, subject.head) != (end.sequence, end.hash):
                yield self._at(
                    end, Wrong.END, said=f"{end.sequence} {end.hash}", found=f"{subject.sequence} {subject.head}"
                )

    def _moves(self) -> Iterator[Difference]:
        fold = Fold(self.personal, self.told)
        for entry in self.entries:
            flow = _flow(entry.record_kind)
            move = flow.moves.get(entry.move) if flow else None
            key = (entry.record_kind, str(entry.record_id))
            state = self.told[key].moved_by if key in self.told else None
            before = dict(self.told[key].columns) if key in self.told else {}
            wrong = fold.follow(entry)
            if flow is None or move is None:
                yield self._at(entry, Wrong.MOVE, found=f"{entry.record_kind}.{entry.move}")
            else:
                yield from self._goes(flow, move, entry, state)
                yield from self._made_by(flow, move, entry, before if move.source else self.told[key].columns)
            for record, column, known, said in wrong:
                yield self._at(entry, Wrong.BEFORE, record=record, column=column, said=known, found=said)
            for commitment in fold.commitments(entry):
                value = self.personal.get(commitment)
                if value is None or not is_kept_as_committed(value):
                    yield self._at(entry, Wrong.PERSONAL, said=commitment)

    def _goes(self, flow: Flow, move: Move, entry: Entry, last: Entry | None) -> Iterator[Difference]:
        known = last.target if last else None
        allowed = [plain(state) for state in move.source] or [None]
        if entry.source != known or entry.source not in allowed:
            yield self._at(entry, Wrong.SOURCE, said=known, found=entry.source)
        elif entry.target != plain(flow.target(move, flow.states.of(entry.source) if entry.source else None)) or (
            entry.target != self.told[entry.record_kind, str(entry.record_id)].columns.get("state", entry.target)
        ):
            yield self._at(entry, Wrong.TARGET, found=entry.target)

    def _made_by(self, flow: Flow, move: Move, entry: Entry, columns: Mapping[str, Any]) -> Iterator[Difference]:
        """Whether the actor could, where that shows: not of what moves bring about, nor of what looks at other rows,
        or at the rules and the calendar of then."""
        if entry.caused_by is not None or not move.who:
            return
        over = _flow(entry.subject_kind)
        situation = Situation(
            View(flow.record, str(entry.record_id), columns),
            View(over.record if over else None, str(entry.subject_id), self.told[self.subject].columns),
            self.standings.at(entry.actor_id, entry.at), {}, UNKNOWN, entry.at,
        )
        try:
            barred = flow.barred(move, situation)
        except (AttributeError, TypeError, KeyError):
            return
        if barred:
            yield self._at(entry, Wrong.ACTOR, said=barred.en, found=str(entry.actor_id))

    def _rows(self) -> Iterator[Difference]:
        for key, folded in self.told.items():
            row = self.rows.get(key)
            if row is None:
                yield self._began(Wrong.MISSING, key, folded.moved_by)
                continue
            for column in row.columns():
                said, found = _said(folded.columns, row, column), plain(getattr(row, column))
                if said != found and said is not ERASED and column not in UNCOMPARED:
                    yield self._began(Wrong.COLUMN, key, folded.set_by.get(column), column, said, found)
        for key in self.rows.keys() - self.told.keys():
            yield Difference(Wrong.UNTOLD, self.subject, key)

    def _tallies(self) -> Iterator[Difference]:
        for model, flow in FLOWS.items():
            for tally in flow.tallies:
                parent = model._meta.fields_map[tally.relation].related_model  # type: ignore[attr-defined]
                counted = Counter(
                    str(getattr(row, f"{tally.relation}_id")) for row in self.rows.values()
                    if isinstance(row, model) and row.state in tally.states and tally.when(row)  # type: ignore[attr-defined]
                )
                for key, row in self.rows.items():
                    if isinstance(row, parent) and getattr(row, tally.column) != counted[key[1]]:
                        began = self.told[key].set_by.get(tally.column) if key in self.told else None
                        found = getattr(row, tally.column)
                        yield self._began(Wrong.TALLY, key, began, tally.column, counted[key[1]], found)

    def _past(self) -> Iterator[Difference]:
        for key, row in self.rows.items():
            if key not in self.told:
                continue
            states = list(self.told[key].held())
            ends = [*(state.at for state in states[1:]), None]
            kept = self.past.get(key[1], ())
            said = [_instants(state.at, end) for state, end in zip(states, ends, strict=True)]
            found = [
                *(_instants(_read(row, "changed_at", each), _read(row, OWN[0], each)) for each in kept),
                _instants(row.changed_at, None),
            ]
            if said != found:
                first = next(n for n in range(len(said) + 1) if said[: n + 1] != found[: n + 1])
                yield self._began(Wrong.PAST, key, self._entry_at(states, first), "", said[first:], found[first:])
                continue
            for place, (state, each) in enumerate(zip(states, kept, strict=False)):
                for column in row.columns():
                    told, was = _said(state.columns, row, column), plain(_read(row, column, each))
                    if told != was and told is not ERASED and column not in UNCOMPARED[:2]:
                        yield self._began(Wrong.PAST, key, self._entry_at(states, place), column, told, was)

    def _entry_at(self, states: Sequence[State], place: int) -> Entry | None:
        """The entry that began a state."""
        at = states[min(place, len(states) - 1)].at
        return next((entry for entry in self.entries if entry.at == at), None)

    def _spans(self) -> Iterator[Difference]:
        found = {span.id: span for span in self.spans}
        for span in spans_of(self.entries):
            other = found.pop(span.id, None)
            for column in Span._meta.fields_db_projection:
                said, was = (plain(getattr(each, column, None)) for each in (span, other))
                if said != was:
                    began = next((entry for entry in self.entries if entry.id == span.id), None)
                    key = span.record_kind, str(span.record_id)
                    yield self._began(Wrong.SPAN, key, began, column, said, was)
                    break
        for other in found.values():
            key = other.record_kind, str(other.record_id)
            yield Difference(Wrong.SPAN, self.subject, key, found=plain(other.entered_at))

    def _timers(self) -> Iterator[Difference]:
        set_: dict[Key, dict[str, Timer]] = {}
        for timer in self.timers:
            set_.setdefault((timer.record_kind, str(timer.record_id)), {})[timer.move] = timer
        for key, row in self.rows.items():
            flow, found = FLOWS[type(row)], set_.pop(key, {})
            due = flow.due(columns_of(row)) if flow.alarms else {}
            for move, at in due.items():
                set_for = found[move].due_at if move in found else None
                if set_for != at:
                    yield self._began(Wrong.TIMER, key, None, move, plain(at), plain(set_for))
            for timer in found.values():
                if timer.move not in due and timer.fired_at is None:
                    yield self._began(Wrong.TIMER, key, None, timer.move, None, plain(timer.due_at))

    def _at(self, entry: Entry, wrong: Wrong, *, record: Key | None = None, **more: Any) -> Difference:
        record = record or (entry.record_kind, str(entry.record_id))
        return Difference(wrong, self.subject, record, entry.sequence, entry.move, **more)

    def _began(
        self, wrong: Wrong, record: Key, entry: Entry | None, column: str = "", said: Any = None, found: Any = None
    ) -> Difference:
        sequence, move = (entry.sequence, entry.move) if entry else (None, "")
        return Difference(wrong, self.subject, record, sequence, move, column, said, found)


def _flow(kind: str) -> Flow | None:
    return next((flow for record, flow in FLOWS.items() if record.kind() == kind), None)


def _said(columns: Mapping[str, Any], row: Record, column: str) -> Any:
    return columns[column] if column in columns else default_of(row._meta.fields_map[column])


def _read(row: Record, column: str, kept: Mapping[str, Any]) -> Any:
    """A column of a state kept of the past, as the row's own would be read."""
    field = row._meta.fields_map["changed_at" if column == OWN[0] else column]
    return field.to_python_value(kept[column])


def _instants(since: Any, until: Any) -> tuple[Any, Any]:
    return plain(since), plain(until)
