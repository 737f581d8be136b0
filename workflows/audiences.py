"""Who hears of a move, in the offices' own words: each audience a pure function of the record that moved.

An audience names seats; who sits there when the change is written is read once for the whole change
(workflows/notices.py). Nobody is named here who could not see the entry: those of a seat hold a role by which they do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.viewers import Role


@dataclass(frozen=True)
class Seat:
    """Those who hold a role, of a department or an enterprise where one is named; or one person, if still in office.

    Of a role alone, the nearest who hold it: a city's dispatchers hear of a zone that has none of its own.
    """

    role: Role | None = None
    department_id: UUID | None = None
    enterprise_id: UUID | None = None
    person_id: UUID | None = None

    @property
    def nearest(self) -> bool:
        return self.role is not None and not (self.department_id or self.enterprise_id or self.person_id)

    @property
    def memberships(self) -> tuple[str, list[Any]]:
        """The condition in SQL on the memberships "m" that this seat may mean, and its values."""
        columns = ("department_id", "enterprise_id", "person_id")
        named = {name: value for name in columns if (value := getattr(self, name)) is not None}
        role = ("m.role = ?", self.role.value) if self.role else ("m.role <> ?", Role.CONTACT.value)
        return " AND ".join([role[0], *(f"m.{name} = ?" for name in named)]), [role[1], *named.values()]

    def holds(self, membership: Any) -> bool:
        return (
            (membership.role is self.role if self.role else membership.role is not Role.CONTACT)
            and (not self.department_id or membership.department_id == self.department_id)
            and (not self.enterprise_id or membership.enterprise_id == self.enterprise_id)
            and (not self.person_id or membership.person_id == self.person_id)
        )


@dataclass(frozen=True)
class EverySeat:
    """The liaisons of every department a case was asked of: which those are is read when the change is written."""

    case_id: UUID


Wanted = Seat | EverySeat | None


@dataclass(frozen=True)
class Audience:
    """The words for those who hear, and their seats by the record and the subject it belongs to."""

    zh: str
    en: str
    seat: Callable[[Any, Any], Wanted]


def _person(person_id: UUID | None, role: Role | None = None) -> Seat | None:
    return Seat(role, person_id=person_id) if person_id else None


DISPATCHERS = Audience("分办员", "the dispatchers", lambda record, case: Seat(Role.DISPATCHER))
LEADERS = Audience("领导", "the leaders", lambda record, case: Seat(Role.LEADER))
OWNER_PERSON = Audience("本件企业伴员", "the owner", lambda record, case: _person(case.owner_id, Role.COMPANION))
COMPANION_PERSON = Audience(
    "企业伴员", "the enterprise's companion", lambda firm, _: _person(firm.companion_id, Role.COMPANION)
)
COMPANION_OF = Audience(
    "该企业的伴员", "the enterprise's companion",
    lambda record, enterprise: _person(enterprise.companion_id, Role.COMPANION),
)
ESCALATED_TO = Audience("受理上报的人", "whom it was escalated to", lambda record, case: _person(case.escalated_to_id))
RESPONSIBLE = Audience("责任人", "the person responsible", lambda record, case: _person(record.person_id))
CONTACTS = Audience(
    "企业联系人", "the enterprise's contacts",
    lambda record, case: Seat(Role.CONTACT, enterprise_id=case.enterprise_id),
)
ITS_CONTACTS = Audience(
    "企业联系人", "the enterprise's contacts",
    lambda record, enterprise: Seat(Role.CONTACT, enterprise_id=record.enterprise_id),
)
VISITOR_PERSON = Audience("走访人", "whoever visits", lambda visit, _: _person(visit.visitor_id))
IN_CHARGE = Audience(
    "主管部门联络员", "the liaisons of the department in charge",
    lambda record, enterprise: Seat(Role.LIAISON, department_id=record.department_id) if record.department_id
    else Seat(Role.DISPATCHER),
)
ITS_LIAISONS = Audience(
    "该部门联络员", "the department's liaisons",
    lambda record, case: Seat(Role.LIAISON, department_id=record.department_id),
)
ALL_LIAISONS = Audience("各责任部门联络员", "every department's liaisons", lambda record, case: EverySeat(case.id))
