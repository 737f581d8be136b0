"""Refusals as data: what a mutation says no with."""

from __future__ import annotations

from collections.abc import Iterable

import strawberry

from api.asked import refusing
from domain import refusals as domain


@strawberry.type(description="One reason why not.")
class Refusal:
    code: str = strawberry.field(description="For the front end to act on; never changes with the language.")
    message: str = strawberry.field(description="For a person to read, in Chinese or English by Accept-Language.")
    field: str | None = strawberry.field(description="The input it is about, where it is about one.")


def told(refusals: Iterable[domain.Refusal], language: str) -> list[Refusal]:
    return [Refusal(code=each.code, message=each.message(language), field=each.field) for each in refusals]


def turned_down(refusals: Iterable[domain.Refusal], language: str) -> list[Refusal]:
    """What a caller is told no with; counted."""
    no = told(refusals, language)
    refusing(each.code for each in no)
    return no
