"""Who is asking: one person with all roles, as plain values that rules and reads can look at without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from domain.words import Word


class Role(Word):
    """角色: what a person is in a zone."""

    DISPATCHER = "dispatcher", "分办员", "Dispatcher: assigns cases to departments"
    LIAISON = "liaison", "部门联络员", "Department liaison: signs for, handles and reports"
    COMPANION = "companion", "企业伴员", "Companion officer: owns a request from first word to last"
    LEADER = "leader", "领导", "Leader: decides, designates, grants"
    AUDITOR = "auditor", "审计员", "Auditor: reads everything in the zone, changes nothing"
    CONTACT = "contact", "企业联系人", "Enterprise contact: sees and raises the enterprise's own requests"
    ADMINISTRATOR = "administrator", "管理员", "Administrator: keeps zones, departments, persons and accounts"


STAFF = frozenset(Role) - {Role.CONTACT}
OVERSEERS = frozenset({Role.DISPATCHER, Role.LEADER, Role.AUDITOR})
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Viewer:
    """A person's standing at one moment.

    `roles` maps a role to the zones it covers (a zone and all below it); `departments` are those the person is
    liaison of, `enterprises` those the person is contact of; `acting` is the service account that carried the
    request, if any; `language` is "zh" or "en". `sees_everything` is for the clock and the operator alone. Where the
    past is read, `served_then` are the zones the person was staff of then.
    """

    person_id: UUID
    roles: Mapping[Role, frozenset[UUID]] = field(default_factory=dict)
    departments: frozenset[UUID] = frozenset()
    enterprises: frozenset[UUID] = frozenset()
    contact_zones: frozenset[UUID] = frozenset()
    zones_above: frozenset[UUID] = frozenset()
    acting: UUID | None = None
    language: str = "zh"
    sees_everything: bool = False
    served_then: frozenset[UUID] | None = None

    @cached_property
    def standing(self) -> tuple[object, ...]:
        """All that sight depends on, to be compared and hashed: two viewers with the same see the same."""
        roles = tuple(sorted((role.value, zones) for role, zones in self.roles.items()))
        return (
            self.person_id, roles, self.departments, self.enterprises, self.contact_zones, self.zones_above,
            self.served_then,
        )

    def covers(self, role: Role, zone_id: UUID) -> bool:
        return zone_id in self.roles.get(role, frozenset())

    def zones_as(self, *roles: Role) -> frozenset[UUID]:
        return frozenset().union(*(self.roles.get(role, frozenset()) for role in roles))

    def looking_back(self, then: Viewer) -> Viewer:
        """The standing by which the past is read, given the person's standing then. What one oversees goes by today's
        roles; what is one's own, as companion, as contact or by name, must have been one's own then too. So nobody sees
        what neither standing would show: not what was told to contacts before oneself, nor what named one who had no
        role."""
        own = {Role.COMPANION: self.zones_as(Role.COMPANION) & then.zones_as(Role.COMPANION)}
        return replace(
            self, roles={**self.roles, **own}, enterprises=self.enterprises & then.enterprises,
            contact_zones=self.contact_zones & then.contact_zones, served_then=then.staff_zones,
        )

    @cached_property
    def staff_zones(self) -> frozenset[UUID]:
        return self.zones_as(*STAFF)

    @cached_property
    def named_zones(self) -> frozenset[UUID]:
        """Zones where a record is seen by whom it names."""
        return self.staff_zones if self.served_then is None else self.staff_zones & self.served_then

    @cached_property
    def overseen(self) -> frozenset[UUID]:
        """Zones whose every case this person may read."""
        return self.zones_as(*OVERSEERS)

    @cached_property
    def directory(self) -> frozenset[UUID]:
        """Zones whose staff this person may look up: their own, and those above that act on them."""
        return self.staff_zones | self.zones_above

    @cached_property
    def zones(self) -> frozenset[UUID]:
        return self.staff_zones | self.contact_zones


CLOCK = Viewer(person_id=NOBODY, sees_everything=True)
"""The clock as an actor: lapsing is a move it makes."""
OPERATOR = Viewer(person_id=UUID(int=1), sees_everything=True)
"""Whoever runs the installation, at its command line: founds zones and their first administrators."""
