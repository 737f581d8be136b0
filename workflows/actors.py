"""Who may move what belongs to a case, in the offices' own words."""

from __future__ import annotations

from domain.viewers import Role
from workflows.flow import Situation, Who, role

DISPATCHER = role(Role.DISPATCHER)
LEADER = role(Role.LEADER)
COMPANION = role(Role.COMPANION)


def _owns(s: Situation) -> bool:
    return s.subject.owner_id == s.viewer.person_id and s.viewer.covers(Role.COMPANION, s.zone_id)


def _answers(s: Situation) -> bool:
    return s.record.department_id in s.viewer.departments


OWNER = Who("本件企业伴员", "the companion who owns the case", _owns)
CONTACT = Who("该企业联系人", "a contact of the enterprise", lambda s: s.subject.enterprise_id in s.viewer.enterprises)
ITS_LIAISON = Who("该部门联络员", "a liaison of the department", _answers)


def _accompanies(s: Situation) -> bool:
    return s.subject.companion_id == s.viewer.person_id and s.viewer.covers(Role.COMPANION, s.zone_id)


ACCOMPANYING = Who("该企业的伴员", "the enterprise's companion", _accompanies)
ITS_CONTACT = Who(
    "该企业联系人", "a contact of the enterprise", lambda s: s.record.enterprise_id in s.viewer.enterprises
)
