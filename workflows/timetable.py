"""Every flow of the house. A new mechanism adds its module here."""

from __future__ import annotations

from workflows import (  # noqa: F401 (each defines its flow, or what follows them)
    agencies,
    applications,
    appropriations,
    assignments,
    attachments,
    calendar,
    campaigns,
    carriers,
    cases,
    chains,
    checklists,
    claims,
    consultations,
    contracts,
    departments,
    enterprises,
    figures,
    filed_counts,
    indicators,
    ladders,
    libraries,
    library_entries,
    outcomes,
    people,
    policies,
    posts,
    problems,
    recognitions,
    rectifications,
    responsibilities,
    roadmaps,
    rounds,
    settling,
    stated_figures,
    supervisions,
    teams,
    visits,
    webhooks,
    zones,
)
from workflows.flow import FLOWS

__all__ = ["FLOWS"]
