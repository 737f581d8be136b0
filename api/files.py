"""Evidence over HTTP: uploaded with a token, downloaded by a signed link that lasts five minutes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.callers import as_json, refusal_answer
from api.context import Context
from api.nodes import global_id, key_of
from domain import clock, links
from domain.attachments import Attachment, AttachmentState
from domain.cases import Case
from domain.database import reads
from domain.file_types import checked, clean_name, file_type
from domain.people import viewer_of
from domain.rectifications import Rectification
from domain.refusals import BAD_INPUT, NOT_FOUND, REQUIRED, Refusal, Refused
from domain.secret import secret
from domain.stores import Store, file_limit, new_key
from workflows import replicas
from workflows.perform import create

CHUNK = 256 * 1024
FILE_LOST = Refusal(
    "FILE_LOST", "文件已不在存储中，请联系管理员。", "The file is no longer in the store; tell the administrator."
)
BAD_FORM = BAD_INPUT.about(
    problem_zh="须为 multipart 表单，含 caseId 与一个 file",
    problem_en="this must be a multipart form with caseId and one file",
)
log = logging.getLogger("qiban")


def download_url(row: Any, context: Context) -> str:
    expires = clock.now() + links.LIFE
    return f"/files/{links.sign(row.id, context.viewer.person_id, expires, secret())}"


async def upload(request: Request) -> Response:
    """POST /files: form fields `caseId`, `rectificationId` (for evidence) and `file`."""
    context: Context = request.state.context
    try:
        context.viewer  # noqa: B018 (nobody signed in uploads nothing)
        # The form lies in a temporary file while it comes in; leaving the block closes it.
        async with request.form(max_files=1, max_fields=5, max_part_size=1_000) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refused(REQUIRED.about("file"))
            store: Store = request.app.state.store
            async with replicas.changing(context.caller):
                row = await _attach(context, store, file, form.get("caseId"), form.get("rectificationId"))
    except HTTPException:
        return JSONResponse({"attachment": None, "refusals": as_json([BAD_FORM], context.language)}, 400)
    except Refused as refused:
        return JSONResponse({"attachment": None, "refusals": as_json(refused.refusals, context.language)})
    made = {"id": global_id(row), "fileName": row.file_name, "size": row.size, "sha256": row.sha256}
    return JSONResponse({"attachment": made, "refusals": []})


async def download(request: Request) -> Response:
    """GET /files/{token}: what the person the link was made for may still see."""
    context: Context = request.state.context
    try:
        attachment_id, person_id = links.check(request.path_params["token"], context.at, secret())
        row = await _kept(attachment_id, person_id, context)
        content = await request.app.state.store.read(row.store_key)
    except FileNotFoundError:
        log.error("the store has lost attachment %s", attachment_id)
        return refusal_answer([FILE_LOST], context.language, 404)
    except Refused as refused:
        status = 404 if refused.refusals == (NOT_FOUND,) else 403
        return refusal_answer(refused.refusals, context.language, status)
    return StreamingResponse(content, media_type=row.content_type, headers=_headers(row))


routes = [
    Route("/files", upload, methods=["POST"]),
    Route("/files/{token}", download, methods=["GET"]),
]


async def _attach(context: Context, store: Store, file: UploadFile, case_id: Any, rectification_id: Any) -> Attachment:
    name = clean_name(file.filename or "")
    kind = file_type(name)
    case = await Case.seen_by(context.viewer).filter(id=key_of(str(case_id or ""), Case, "caseId")).first()
    if case is None:
        raise Refused(NOT_FOUND.about("caseId"))
    measure = key_of(str(rectification_id), Rectification, "rectificationId") if rectification_id else None
    key = new_key(clock.today())
    stored = await store.put(key, checked(_chunks(file), kind), file_limit())
    try:
        return await create(
            context.viewer, Attachment, "attach", within=case, file_name=name, content_type=kind.content_type,
            size=stored.size, sha256=stored.sha256, store_key=key, rectification=measure,
        )
    except BaseException:
        # A commit may have gone through although its answer was lost: then the file stays.
        if not await Attachment.filter(store_key=key).exists():
            await store.delete(key)
        raise


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


async def _kept(attachment_id: UUID, person_id: UUID, context: Context) -> Attachment:
    viewer = await viewer_of(person_id, context.at)
    rows = Attachment.seen_by(viewer).filter(id=attachment_id, state=AttachmentState.KEPT)
    row = await rows.using_db(reads()).first()
    if row is None:
        raise Refused(NOT_FOUND)
    return row


def _headers(row: Attachment) -> dict[str, str]:
    plain = row.file_name.encode("ascii", "replace").decode().translate(str.maketrans('?"\\%', "____"))
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(row.file_name, safe='')}",
        "Content-Length": str(row.size),
        # Should a browser open it all the same, it runs nothing and is nobody's page.
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
