"""What rules may name: kinds and states by their values, each said in the offices' own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.applications import ApplicationState
from domain.eligibility.reading import Spot
from domain.indicators import IndicatorKind
from domain.kinds import RecognitionKind
from domain.words import Word


class Said(NamedTuple):
    """The same in Chinese and English."""

    zh: str
    en: str


KINDS: Mapping[str, type[Word]] = {"recognitions": RecognitionKind, "applications": RecognitionKind}
STATES: Mapping[str, type[Word]] = {"applications": ApplicationState}
"""By what is looked at; what has no words here is known by its name alone."""
OF_APPLICATIONS: Mapping[str, type[Word]] = {"kind": RecognitionKind, "state": ApplicationState}


INDICATORS = {each.value: Said(each.zh, each.en) for each in IndicatorKind}
"""Others are known by their names alone."""


def read_name(spot: Spot, words: type[Word] | None) -> str:
    """A name that exists. Raises `Refused`."""
    return spot.word(*(each.value for each in words)) if words else spot.text()


def said(name: str, words: type[Word] | None) -> Said:
    return Said(words.of(name).zh, words.of(name).en) if words else Said(name, name)


def said_of(what: str, kind: str | None, states: tuple[str, ...], year: int | None) -> Said:
    """What narrows the rows that are looked at, in brackets; nothing where nothing does."""
    named = [
        *([said(kind, KINDS.get(what))] if kind else []), *(said(each, STATES.get(what)) for each in states),
        *([Said(str(year), str(year))] if year else []),
    ]
    if not named:
        return Said("", "")
    return Said(f"（{'、'.join(each.zh for each in named)}）", f" ({', '.join(each.en for each in named)})")
