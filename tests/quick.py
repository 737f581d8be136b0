"""What a service may take its time for, done quickly for thousands of tests."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from tortoise.apps import Apps

from workflows import passwords

SHIPPED = passwords._hasher, passwords._DECOY
GATHERED = ("filters", "db_native_fields", "db_default_fields", "db_complex_fields")
MADE = (*GATHERED, "basetable", "basequery", "basequery_all_fields")
"""What is made anew, as the dialect wants it; the rest of a model stays as it was finalised first."""


def hash_quickly() -> None:
    """A password's hash takes long so that nobody tries many."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._DECOY = passwords._hasher.hash("nobody's")


def finalise_once() -> None:
    """What tortoise makes of the models when a database is opened takes longer than many a test, and is always the
    same: from now on, in this process, it is made once for each dialect and choice of models."""
    finalise = Apps._build_initial_querysets
    kept: dict[object, list[tuple[Any, dict[str, Any]]]] = {}

    def build(apps: Apps) -> None:
        models = list(apps.get_models_iterable())
        choice = models[0]._meta.db.query_class, tuple(models)
        if choice in kept:
            for meta, made in kept[choice]:
                for name, value in made.items():
                    setattr(meta, name, value)
        else:
            for model in models:
                for name in GATHERED:
                    setattr(model._meta, name, type(getattr(model._meta, name))())
            finalise(apps)
            kept[choice] = [(each._meta, {name: getattr(each._meta, name) for name in MADE}) for each in models]

    Apps._build_initial_querysets = build  # type: ignore[method-assign, assignment]
