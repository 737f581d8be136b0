"""The language in which a policy's rules are written as data: who is eligible, and what for. Pure, without any I/O."""

from __future__ import annotations

from domain.eligibility.amounts import Amount, Money, read_amount
from domain.eligibility.conditions import Condition, Finding, Standing, read_conditions, standing_of
from domain.eligibility.facts import Applied, Facts, Figure, Held, Member
from domain.eligibility.reading import BAD_RULE

__all__ = [
    "BAD_RULE", "Amount", "Applied", "Condition", "Facts", "Figure", "Finding", "Held", "Member", "Money", "Standing",
    "read_amount", "read_conditions", "standing_of",
]
