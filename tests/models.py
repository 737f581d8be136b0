"""What tortoise makes of the models when a database is opened takes longer than many a test, and is always the same."""

from __future__ import annotations

from typing import Any

from tortoise.apps import Apps

MADE = (
    "filters", "db_native_fields", "db_default_fields", "db_complex_fields", "basetable", "basequery",
    "basequery_all_fields",
)
"""What is made anew, as the dialect wants it; the rest of a model stays as it was finalised first."""


def finalise_once() -> None:
    """From now on, in this process, for each dialect and choice of models."""
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
                for name in MADE[:4]:
                    setattr(model._meta, name, type(getattr(model._meta, name))())
            finalise(apps)
            kept[choice] = [(each._meta, {name: getattr(each._meta, name) for name in MADE}) for each in models]

    Apps._build_initial_querysets = build  # type: ignore[method-assign, assignment]
