"""How moves, states, records and persons are called on the pages of an export, as of the day it is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from domain.cases import Case
from domain.database import reads
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.history import Entry, PersonalValue
from domain.people import Person
from domain.records import Record
from domain.viewers import CLOCK, OPERATOR
from domain.zones import Zone
from workflows.flow import FLOWS, Flow

Language = Literal["zh", "en"]
KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NAMED: Sequence[tuple[type[Record], str]] = (
    (Zone, "name"), (Department, "name"), (Enterprise, "name"), (Case, "number"),
)
NOBODY = {CLOCK.person_id: ("时钟", "the clock"), OPERATOR.person_id: ("系统操作员", "the operator")}
ERASED = {"zh": "［已删除］", "en": "[erased]"}
WITHHELD = {"zh": "［个人信息］", "en": "[personal]"}


@dataclass(frozen=True)
class Names:
    """The names behind keys; those of persons only where personal data may be shown."""

    of_keys: Mapping[UUID, str]
    with_personal: bool

    @classmethod
    async def of(cls, entries: Iterable[Entry], with_personal: bool) -> Names:
        keys = {
            UUID(key)
            for entry in entries
            for key in (str(entry.actor_id), str(entry.acting_id), str(entry.subject_id), *KEY.findall(entry.changes))
            if KEY.fullmatch(key)
        }
        found: dict[UUID, str] = {}
        named: list[tuple[type[Record], str]] = [*NAMED, (Person, "name")] if with_personal else [*NAMED]
        for model, column in named:
            rows = model.filter(id__in=list(keys)).using_db(reads())
            found.update({key: name for key, name in await rows.values_list("id", column) if name})
        return cls(found, with_personal)

    def record(self, key: UUID, language: Language) -> str:
        if key in NOBODY:
            return NOBODY[key][language == "en"]
        return self.of_keys.get(key, f"…{str(key)[-12:]}")

    def value(self, value: Any, personal: Mapping[str, PersonalValue], language: Language) -> str:
        """A value of an entry's changes as a reader understands it."""
        if isinstance(value, dict) and value.keys() == {"commitment"}:
            behind = personal.get(value["commitment"])
            if behind is None or behind.value is None:
                return ERASED[language]
            return str(json.loads(behind.value)) if self.with_personal else WITHHELD[language]
        if isinstance(value, str) and KEY.fullmatch(value):
            return self.record(UUID(value), language)
        return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def flow_of(kind: str) -> Flow | None:
    return next((flow for model, flow in FLOWS.items() if model.kind() == kind), None)


def kind_word(kind: str, language: Language) -> str:
    flow = flow_of(kind)
    return (flow.zh if language == "zh" else flow.en) if flow else kind


def move_word(entry: Entry, language: Language) -> str:
    flow = flow_of(entry.record_kind)
    move = flow.moves.get(entry.move) if flow else None
    return (move.zh if language == "zh" else move.en) if move else entry.move


def state_word(kind: str, state: str | None, language: Language) -> str:
    flow = flow_of(kind)
    word = next((each for each in flow.states if each.value == state), None) if flow else None
    return word.zh if word and language == "zh" else state or ""
