"""Answers already given: the same idempotency key with the same body gets the same answer, done once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from domain.records import new_id


class Answer(Model):
    """What a person's key was used for (`digest` of mutation and body) and what came of it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=200)
    digest = fields.CharField(max_length=64)
    answer: Any = fields.JSONField()
    at = fields.DatetimeField()

    class Meta:
        table = "answer"
        unique_together = (("person_id", "key"),)
        indexes = (("at",),)
