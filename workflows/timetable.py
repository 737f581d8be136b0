"""Every flow of the house. A new mechanism adds its module here."""

from __future__ import annotations

from workflows import (  # noqa: F401 (each defines its flow, or what follows them)
    agencies,
    applications,
    appropriations,
    attachments,
    calendar,
    campaigns,
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
    libraries,
    library_entries,
    outcomes,
    people,
    policies,
    problems,
    recognitions,
    rectifications,
    responsibilities,
    roadmaps,
    rounds,
    settling,
    stated_figures,
    supervisions,
    visits,
    webhooks,
    zones,
)
from workflows.flow import FLOWS

__all__ = ["FLOWS"]
