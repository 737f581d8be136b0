"""What is known of an enterprise on a day, as plain values that rules can look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Figure:
    """An indicator's value of a period, which ended on a day. Only what is `of_year` is compared with other years."""

    period: str
    ended_on: date
    value: Decimal
    of_year: bool = True


@dataclass(frozen=True)
class Held:
    """A recognition: its kind, and the days from which and up to which the certificate is good."""

    kind: str
    since: date
    until: date | None = None


@dataclass(frozen=True)
class Applied:
    """An application: kind, state, the year of its campaign; whether it is the enterprise's first of the kind, None
    where nobody has said."""

    kind: str
    state: str
    year: int
    first: bool | None = None


@dataclass(frozen=True)
class Member:
    """Membership in a library, at a stage."""

    library: str
    stage: str
    since: date
    until: date | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of one enterprise `on` a day. What is None is not kept, so that nothing can be said of it;
    `application` is the one that is asked about, if one is."""

    on: date
    columns: Mapping[str, Any] = field(default_factory=dict)
    tags: frozenset[str] | None = None
    indicators: Mapping[str, Sequence[Figure]] = field(default_factory=dict)
    recognitions: Sequence[Held] | None = None
    applications: Sequence[Applied] | None = None
    memberships: Sequence[Member] | None = None
    application: Applied | None = None
