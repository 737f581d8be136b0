"""What goes wrong: refusals are told as they are, faults are logged under a number that the caller is given.

A log line names the kinds of the errors and the lines of code they passed, never their messages: those quote
values, and values may be of persons.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from uuid import uuid4

from graphql import GraphQLError
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry import Schema
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionContext

from api.asked import note, refusing
from api.logs import story
from domain.refusals import Refusal, Refused

log = logging.getLogger("qiban")
UNREADABLE = Refusal("BAD_REQUEST", "无法读取请求：{reason}", "The request cannot be read: {reason}")
OF_THE_CALLER = (Refused, GraphQLError, MissingQueryError, CannotGetOperationTypeError)
# How graphql-core names the place in a variable that it cannot take.
_PLACE = re.compile(r"has invalid value at ((?:\.\w+|\[\d+\])+):")
_MISSING = re.compile(r"to include required field '(\w+)'")
FAULT = Refusal("FAULT", "服务内部错误，编号 {number}", "Internal fault, number {number}")


class QuietSchema(Schema):
    """Refusals and mistakes in a document are no faults of ours and are not logged."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        for error in errors:
            if is_fault(error) and error.original_error is not None:
                error.extensions = {**(error.extensions or {}), "fault": logged(error.original_error)}


class Faults:
    """The outermost answer: what nobody caught below is logged and told by its number alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            if scope["type"] != "http":
                raise
            number = logged(error)
            if not begun:
                await _answer(number)(scope, receive, send)


def logged(error: BaseException) -> str:
    """Log a fault; its number."""
    number = str(uuid4())
    log.error("fault %s\n%s", number, "\n".join(story(error)))
    return number


def is_fault(error: GraphQLError) -> bool:
    cause = error.original_error
    # Without a path but with a place in the document: a value in the variables that its type does not take.
    from_caller = error.path is None and error.nodes
    return cause is not None and not from_caller and not isinstance(cause, OF_THE_CALLER)


def said(error: GraphQLError, language: str) -> dict[str, Any]:
    """An error as the caller is told it."""
    told: dict[str, Any] = {**error.formatted}
    cause = error.original_error
    if isinstance(cause, Refused):
        first = cause.refusals[0]
        refusing([first.code])
        told["message"] = first.message(language)
        told["extensions"] = {"code": first.code, **({"field": first.field} if first.field else {})}
    elif is_fault(error):
        note(outcome="fault")
        number = (error.extensions or {}).get("fault", "")
        told["message"] = FAULT.about(number=number).message(language)
        told["extensions"] = {"code": FAULT.code, "fault": number}
    elif "code" not in (error.extensions or {}):
        note(outcome="error")
        told["message"] = UNREADABLE.about(reason=error.message).message(language)
        told["extensions"] = {"code": UNREADABLE.code, **_field_of(error.message)}
    return told


def told_error(error: GraphQLError, language: str) -> GraphQLError:
    """The same for transports that write errors by themselves."""
    told = said(error, language)
    return GraphQLError(
        told["message"], error.nodes, error.source, error.positions, error.path, None, told.get("extensions")
    )


def refusal_error(refused: Refused) -> GraphQLError:
    return GraphQLError(str(refused), original_error=refused)


def _answer(number: str) -> JSONResponse:
    note(outcome="fault")
    both = FAULT.about(number=number)
    error = {"message": f"{both.zh} / {both.en}", "extensions": {"code": FAULT.code, "fault": number}}
    return JSONResponse({"data": None, "errors": [error]}, 500)


def _field_of(message: str) -> dict[str, str]:
    place, missing = _PLACE.search(message), _MISSING.search(message)
    names = [each[1].strip(".").replace("[", ".").replace("]", "") for each in (place, missing) if each]
    return {"field": ".".join(names)} if names else {}
