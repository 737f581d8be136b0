"""Evidence over HTTP: uploaded with a token, downloaded by a signed link that lasts five minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.context import Context
from api.nodes import global_id, key_of
from domain import clock, links
from domain.attachments import Attachment, AttachmentState
from domain.cases import Case
from domain.database import reads
from domain.file_types import checked, clean_name, file_type
from domain.people import viewer_of
from domain.rectifications import Rectification
from domain.refusals import NOT_FOUND, REQUIRED, Refused
from domain.secret import secret
from domain.stores import Store, file_limit, new_key
from workflows.perform import create

CHUNK = 256 * 1024


def download_url(row: Any, context: Context) -> str:
    expires = context.at + links.LIFE
    return f"/files/{links.sign(row.id, context.viewer.person_id, expires, secret())}"


async def upload(request: Request) -> Response:
    """POST /files: form fields `caseId`, `rectificationId` (for evidence) and `file`."""
    context: Context = request.state.context
    store: Store = request.app.state.store
    try:
        context.viewer  # noqa: B018 (nobody signed in uploads nothing)
        async with request.form(max_files=1, max_fields=5) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refused(REQUIRED.about("file"))
            row = await _attach(context, store, file, form.get("caseId"), form.get("rectificationId"))
    except Refused as refused:
        body = [
            {"code": each.code, "message": each.message(context.language), "field": each.field}
            for each in refused.refusals
        ]
        return JSONResponse({"attachment": None, "refusals": body})
    made = {"id": global_id(row), "fileName": row.file_name, "size": row.size, "sha256": row.sha256}
    return JSONResponse({"attachment": made, "refusals": []})


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
        await store.delete(key)
        raise


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


async def download(request: Request) -> Response:
    """GET /files/{token}: what the person the link was made for may still see."""
    context: Context = request.state.context
    store: Store = request.app.state.store
    try:
        attachment_id, person_id = links.check(request.path_params["token"], context.at, secret())
        viewer = await viewer_of(person_id, context.at)
        rows = Attachment.seen_by(viewer).filter(id=attachment_id, state=AttachmentState.KEPT)
        row = await rows.using_db(reads()).first()
        if row is None:
            raise Refused(NOT_FOUND)
        content = await store.read(row.store_key)
    except Refused as refused:
        return JSONResponse({"refusals": [{"code": no.code, "message": no.message(context.language)} for no in refused.refusals]}, 403)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.file_name)}",
        "Content-Length": str(row.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(content, media_type=row.content_type, headers=headers)


routes = [
    Route("/files", upload, methods=["POST"]),
    Route("/files/{token}", download, methods=["GET"]),
]
