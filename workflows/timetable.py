"""Every flow of the house. A new mechanism adds its module here."""

from __future__ import annotations

from workflows import (  # noqa: F401 (each defines its flow, or what follows them)
    attachments,
    calendar,
    cases,
    chains,
    consultations,
    departments,
    enterprises,
    figures,
    people,
    problems,
    rectifications,
    responsibilities,
    settling,
    supervisions,
    webhooks,
    zones,
)
from workflows.flow import FLOWS

__all__ = ["FLOWS"]
