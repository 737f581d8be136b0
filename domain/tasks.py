"""My tasks 我的待办: the cases that ask something of one person, the same in a list, a count and a subscription."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import Q, Subquery

from domain.responsibilities import ACTIVE, Responsibility
from domain.supervisions import Supervision, SupervisionState
from domain.viewers import Role, Viewer


def tasks_of(viewer: Viewer) -> Q:
    """Cases that a viewer owns, that were escalated to them, in which they or their department have a duty or an answer
    to give, or in which an answer they demanded waits for them."""
    ours = Q(department_id__in=viewer.departments) | Q(person_id=viewer.person_id)
    answered = Q(supervisor_id=viewer.person_id, state=SupervisionState.ANSWERED)
    demanded = Supervision.asked_of(viewer) & Q(state=SupervisionState.DEMANDED)
    return (
        Q(owner_id=viewer.person_id, zone_id__in=viewer.zones_as(Role.COMPANION))
        | Q(escalated_to_id=viewer.person_id, zone_id__in=viewer.staff_zones)
        | _among(Responsibility.filter(ours, state__in=ACTIVE), viewer)
        | _among(Supervision.filter(answered | demanded), viewer)
    )


def _among(rows: Any, viewer: Viewer) -> Q:
    return Q(id__in=Subquery(rows.filter(zone_id__in=viewer.staff_zones).values("case_id")))
