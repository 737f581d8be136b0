"""What can be asked of the whole database at any time: that histories are whole and rows are what they say."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import pytest
from tortoise.apps import Apps
from tortoise.context import require_context

from domain.cases import Case, CaseState
from domain.history import Entry, PersonalValue, entry_hash, plain
from domain.people import Person
from domain.records import Record, Subject
from domain.refusals import Refused
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.spans import Span, spans_of
from tests.world import World
from workflows.erasure import ERASED
from workflows.flow import FLOWS
from workflows.perform import perform

R = TypeVar("R", bound=Record)
HANDLED = (CaseState.HANDLING, CaseState.PAUSED, CaseState.CHECKING)
UNFIXED = (ResponsibilityState.OFFERED, ResponsibilityState.SIGNED)
FIXED = (ResponsibilityState.FIXED, ResponsibilityState.DONE)


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    """What is done in the block is refused, with just these codes."""
    with pytest.raises(Refused) as caught:
        yield
    assert tuple(each.code for each in caught.value.refusals) == codes


async def moved(world: World, person: Person, record: R, move: str, /, **given: Any) -> R:
    """A record after a person of the world made a move of it."""
    return await perform(await world.viewer(person), type(record), record.id, move, **given)


async def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    models = cast(Apps, require_context().apps).get_models_iterable()
    return {model._meta.db_table: await model.all().order_by(model._meta.pk_attr).values() for model in models}


async def assert_whole() -> None:
    """All that must hold at every moment of any installation."""
    entries = await Entry.all().order_by("subject_id", "sequence")
    rows = {(model.kind(), row.id): row for model in FLOWS for row in await model.all()}
    _assert_chains(entries, rows)
    await _assert_rows_are_their_history(entries, rows)
    _assert_tallies(rows)
    await _assert_spans(entries)
    _assert_promises([row for row in rows.values() if isinstance(row, Case)], await Responsibility.all())


def _assert_chains(entries: list[Entry], rows: dict[tuple[str, Any], Record]) -> None:
    chains: defaultdict[tuple[str, Any], list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.subject_kind, entry.subject_id].append(entry)
    for place, chain in chains.items():
        subject = rows[place]
        assert isinstance(subject, Subject)
        assert [each.sequence for each in chain] == list(range(1, len(chain) + 1))
        assert [each.previous for each in chain] == ["", *(each.hash for each in chain[:-1])]
        assert [each.hash for each in chain] == [entry_hash(each) for each in chain]
        assert [each.at for each in chain] == sorted(each.at for each in chain)
        assert (subject.sequence, subject.head) == (len(chain), chain[-1].hash)
    assert {place for place, row in rows.items() if isinstance(row, Subject)} == chains.keys()


async def _assert_rows_are_their_history(entries: list[Entry], rows: dict[tuple[str, Any], Record]) -> None:
    kept = {each.commitment: each for each in await PersonalValue.all()}
    told: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    last: dict[tuple[str, Any], str | None] = {}
    for entry in entries:
        for name, columns in json.loads(entry.changes).items():
            kind, _, key = name.partition("/")
            for column, (before, after) in columns.items():
                known = told[kind, key].get(column)
                assert _opened(before, kept) == known, f"{name}.{column} before {entry.move}"
                told[kind, key][column] = _opened(after, kept)
        last[entry.record_kind, entry.record_id] = entry.target
    assert {(kind, str(key)) for kind, key in rows} == told.keys()
    for (kind, key), row in rows.items():
        for column in set(row.columns()) - row.unrecorded:
            assert plain(getattr(row, column)) == told[kind, str(key)].get(column), f"{kind}.{column}"
        assert last[kind, key] == plain(row.state)  # type: ignore[attr-defined]


def _opened(value: Any, kept: dict[str, PersonalValue]) -> Any:
    """What stands behind a commitment, once it is seen that it is what was committed to."""
    if not isinstance(value, dict) or value.keys() != {"commitment"}:
        return value
    behind = kept[value["commitment"]]
    if behind.value is None:
        return ERASED
    assert hashlib.sha256(f"{behind.salt}{behind.value}".encode()).hexdigest() == behind.commitment
    return json.loads(behind.value or "null")


def _assert_tallies(rows: dict[tuple[str, Any], Record]) -> None:
    for model, flow in FLOWS.items():
        for tally in flow.tallies:
            parent = model._meta.fields_map[tally.relation].related_model  # type: ignore[attr-defined]
            counted = dict.fromkeys((key for kind, key in rows if kind == parent.kind()), 0)
            for row in rows.values():
                parent_id = getattr(row, f"{tally.relation}_id") if isinstance(row, model) else None
                if parent_id and row.state in tally.states and tally.when(row):  # type: ignore[attr-defined]
                    counted[parent_id] += 1
            held = {key: getattr(rows[parent.kind(), key], tally.column) for key in counted}
            assert held == counted, f"{parent.kind()}.{tally.column}"


async def _assert_spans(entries: list[Entry]) -> None:
    derived = sorted(spans_of(entries), key=lambda each: each.id)
    assert await Span.all().order_by("id").values() == [
        {name: getattr(each, name) for name in Span._meta.db_fields} for each in derived
    ]


def _assert_promises(cases: list[Case], responsibilities: list[Responsibility]) -> None:
    duties: defaultdict[Any, list[Responsibility]] = defaultdict(list)
    for duty in responsibilities:
        duties[duty.case_id].append(duty)
        if duty.state in FIXED:
            assert duty.person_id and duty.due_at and duty.measures, "fixed without time, person and measure"
    for case in cases:
        if case.state is CaseState.CLOSED:
            assert (case.open_problems, case.open_responsibilities, case.open_rectifications) == (0, 0, 0)
            assert case.satisfaction or case.call_back_attempts
        if case.state in HANDLED:
            assert not [duty for duty in duties[case.id] if duty.state in UNFIXED], "handled before all is fixed"
