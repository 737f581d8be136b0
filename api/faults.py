"""What goes wrong: refusals are told as they are, faults are logged under a number that the caller is given."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from graphql import GraphQLError
from strawberry import Schema
from strawberry.types import ExecutionContext

from domain.refusals import Refused

log = logging.getLogger("qiban")


class QuietSchema(Schema):
    """Refusals and mistakes in a document are no faults of ours and are not logged."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        for error in errors:
            if is_fault(error):
                error.extensions = {**(error.extensions or {}), "fault": str(uuid4())}
                log.error("fault %s", error.extensions["fault"], exc_info=error.original_error)


def is_fault(error: GraphQLError) -> bool:
    cause = error.original_error
    return cause is not None and not isinstance(cause, (Refused, GraphQLError))


def said(error: GraphQLError, language: str) -> dict[str, Any]:
    """An error as the caller is told it."""
    told: dict[str, Any] = {**error.formatted}
    cause = error.original_error
    if isinstance(cause, Refused):
        first = cause.refusals[0]
        told["message"] = first.message(language)
        told["extensions"] = {"code": first.code, **({"field": first.field} if first.field else {})}
    elif is_fault(error):
        number = (error.extensions or {}).get("fault", "")
        told["message"] = f"服务内部错误，编号 {number}" if language == "zh" else f"Internal fault, number {number}"
        told["extensions"] = {"code": "FAULT", "fault": number}
    return told
