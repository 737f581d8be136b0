"""Operations a front end was built with, registered by the operator: a closed installation answers no others."""

from __future__ import annotations

import hashlib

from tortoise import fields
from tortoise.models import Model


class TrustedDocument(Model):
    """A GraphQL document, known by the SHA-256 of its text in hexadecimal."""

    hash = fields.CharField(primary_key=True, max_length=64)
    name = fields.CharField(max_length=200)
    text = fields.TextField()
    added_at = fields.DatetimeField()

    class Meta:
        table = "trusted_document"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
