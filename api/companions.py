"""Who was responsible for an enterprise on a day, and everyone who accompanied it, over GraphQL."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info, one_loader
from domain import companions
from domain.clock import OFFICE_ZONE
from domain.people import Person as PersonRow
from domain.refusals import BAD_INPUT, Refused

if TYPE_CHECKING:
    from api.people import Person


async def person(info: Info, key: UUID | None) -> Any:
    return await one_loader(info.context, PersonRow).load((key,)) if key else None


@strawberry.type(description="Who accompanied an enterprise, from one instant until another.")
class Companionship:
    spell: strawberry.Private[companions.Companionship]

    @strawberry.field(description="Null for nobody, or somebody out of sight.")
    async def person(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.spell.person_id)  # type: ignore[no-any-return]

    @strawberry.field
    def since(self) -> datetime:
        return self.spell.since

    @strawberry.field(description="When it was handed over; null for the one there is.")
    def until(self) -> datetime | None:
        return self.spell.until

    @strawberry.field(description="Why it was handed over to this person.")
    def reason(self) -> str:
        return self.spell.reason

    @strawberry.field(description="Who assigned them.")
    async def assigned_by(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.spell.actor_id)  # type: ignore[no-any-return]


@strawberry.type(description="A level of the chain of responsibility as it was; 1 is nearest the enterprise.")
class ResponsibleLevel:
    found: strawberry.Private[companions.Level]

    @strawberry.field
    def level(self) -> int:
        return self.found.level

    @strawberry.field
    def title(self) -> str:
        return self.found.title

    @strawberry.field(description="Null while vacant.")
    async def person(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.found.person_id)  # type: ignore[no-any-return]


@strawberry.type(description="All who answered for an enterprise at the end of a day.")
class Responsible:
    found: strawberry.Private[companions.Responsible]

    @strawberry.field
    async def companion(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.found.companion_id)  # type: ignore[no-any-return]

    @strawberry.field
    def chain(self) -> list[ResponsibleLevel]:
        return [ResponsibleLevel(found=each) for each in self.found.chain]

    @strawberry.field(description="The county it was in then.")
    def county(self) -> str | None:
        return self.found.county

    @strawberry.field(description="Who answered for that county.")
    async def of_county(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.found.county_person_id)  # type: ignore[no-any-return]

    @strawberry.field(description="The industry it was of then.")
    def industry(self) -> str | None:
        return self.found.industry

    @strawberry.field(description="Who answered for that industry.")
    async def of_industry(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.found.industry_person_id)  # type: ignore[no-any-return]


def responsible_on() -> Any:
    """A field of an enterprise."""

    async def load(parent: strawberry.Parent[Any], info: Info, day: date) -> Responsible | None:
        context = info.context
        if day > context.at.astimezone(OFFICE_ZONE).date():
            raise Refused(BAD_INPUT.about("day", problem_zh="日期在将来", problem_en="it lies in the future"))
        found = await companions.responsible_on(context.viewer, parent, day, context.at)
        return Responsible(found=found) if found else None

    description = "By its history; null before it was on the books, and for those who may not read its history."
    return strawberry.field(resolver=load, description=description)


def companionships() -> Any:
    """A field of an enterprise."""

    async def load(parent: strawberry.Parent[Any], info: Info) -> list[Companionship]:
        found = await companions.companionships(info.context.viewer, parent.id)
        return [Companionship(spell=each) for each in found]

    return strawberry.field(resolver=load, description="Everyone who accompanied it, first to last, by its history.")
