"""Founding: how an installation gets its zones, each with a first administrator who enters everyone else."""

from __future__ import annotations

from uuid import UUID

from domain import database
from domain.people import Membership, Person, within
from domain.refusals import Refusal, Refused
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from workflows import timetable as timetable
from workflows.calendar import publish_shipped
from workflows.perform import create

NO_SUCH_ZONE = Refusal(
    "NO_SUCH_ZONE", "没有代码为“{code}”的高新区；现有：{known}。", "No zone has the code “{code}”; there are: {known}."
)
CODE_TAKEN = Refusal("CODE_TAKEN", "代码“{code}”已属于“{name}”。", "The code “{code}” already belongs to “{name}”.")
MOST_NAMED = 20


async def bring_up() -> None:
    """The database as this version of the service wants it, with the calendars it knows; done already, it is quick."""
    await database.migrate()
    await publish_shipped()


async def zone_called(code: str) -> Zone:
    """The zone of a code as an operator types it. Raises `Refused` with the codes there are."""
    zone = await Zone.get_or_none(code=code.strip().upper())
    if zone is None:
        known = await Zone.all().order_by("path").limit(MOST_NAMED).values_list("code", flat=True)
        raise Refused(NO_SUCH_ZONE.about(code=code, known=", ".join(map(str, known)) or "—"))
    return zone


async def zones_under(code: str) -> list[UUID]:
    """The zone of a code and all below it."""
    zone = await zone_called(code)
    return [each.id for each in await Zone.all() if within(each.path, zone.path)]


async def found_zone(code: str, name: str, *, admin: str, password: str, parent: Zone | None = None) -> Zone:
    """A zone and the account `admin` of its first administrator: both, or neither."""
    if taken := await Zone.get_or_none(code=code):
        raise Refused(CODE_TAKEN.about(code=code, name=taken.name))
    async with database.transaction():
        zone = await create(OPERATOR, Zone, "found", code=code, name=name, parent=parent)
        person = await create(OPERATOR, Person, "create", zone=zone, name="管理员", login=admin, password=password)
        await create(OPERATOR, Membership, "grant", within=person, role=Role.ADMINISTRATOR, zone=zone)
    return zone
