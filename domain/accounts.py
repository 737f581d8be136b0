"""Accounts 账号: how a person proves who they are. Nothing here is ever shown or written to the history."""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from domain.people import Person
from domain.records import new_id
from domain.refusals import Refusal, Refused

BAD_LOGIN = Refusal(
    "BAD_LOGIN", "登录名为2至60个字，只用文字、数字和 . _ @ -。",
    "A login is 2 to 60 letters, digits and . _ @ -.", "login",
)


def login_of(given: str) -> str:
    """The one spelling of a login: full-width letters and capitals are no difference."""
    return unicodedata.normalize("NFKC", given).strip().lower()


def new_login(given: str) -> str:
    """A login that an account may have. Raises `Refused` for any other text."""
    login = login_of(given)
    if not re.fullmatch(r"[\w.@-]{2,60}", login):
        raise Refused(BAD_LOGIN)
    return login


class Account(Model):
    """A local account: a login, unique over the installation, and an Argon2 hash."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person: fields.OneToOneRelation[Person] = fields.OneToOneField(
        "qiban.Person", related_name="account", on_delete=fields.RESTRICT
    )
    login = fields.CharField(max_length=60, unique=True)
    password_hash = fields.CharField(max_length=200)
    person_id: UUID

    class Meta:
        table = "account"


class SignInAttempt(Model):
    """One failed attempt, so that attempts can be limited by login and by address across all processes."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    login = fields.CharField(max_length=60)
    address = fields.CharField(max_length=60)
    at = fields.DatetimeField()

    class Meta:
        table = "sign_in_attempt"
        indexes = (("login", "at"), ("address", "at"))


class Session(Model):
    """A signed-in device: the hash of its refresh token, replaced at every use, and when it ends. Where reads go to a
    replica `changes` counts what it has changed (domain/replicas.py)."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="sessions", on_delete=fields.RESTRICT, db_index=True
    )
    token_hash = fields.CharField(max_length=64, unique=True)
    previous_hash = fields.CharField(max_length=64, null=True, db_index=True)
    started_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    changes = fields.IntField(default=0, db_default=0)
    person_id: UUID

    class Meta:
        table = "session"


class ServiceToken(Model):
    """A long-lived token of a service account (a front-end server), kept as a hash, ended at once when revoked.

    The service may act for persons of its zone by naming them in a header; the history then names both.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="service_tokens", on_delete=fields.RESTRICT, db_index=True
    )
    name = fields.CharField(max_length=100)
    token_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    person_id: UUID

    class Meta:
        table = "service_token"
