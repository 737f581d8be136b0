"""The log over HTTP, as witnesses and monitors read it (C2SP tlog-tiles), and its proofs over GraphQL."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from api.callers import refusal_answer
from api.context import Context, Info
from api.nodes import key_of
from domain.history import Entry
from domain.refusals import BAD_INPUT, NOT_FOUND, Refusal, Refused
from domain.seals import Checkpoint as CheckpointRow
from domain.seals import Head, latest, leaves, tile
from domain.signed_notes import PublicKey
from domain.trees import TILE_WIDTH, Place
from domain.viewers import Role
from workflows import log_keys, proofs

TILE = re.compile(r"(entries|0|[1-9]\d?)/((?:x\d{3}/){0,4}\d{3})(?:\.p/([1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?")
FOR_EVER = "max-age=31536000, immutable"
FOR_AUDITORS = Refusal(
    "FOR_AUDITORS", "只有审计员可以读取存证条目。", "Only auditors may read the entries of the log."
)


@strawberry.type(description="检查点: a signed head of the log of all histories. Keep it, to check later ones.")
class Checkpoint:
    origin: str = strawberry.field(description="The name of the log and of its key.")
    size: int = strawberry.field(description="How many entries of histories it covers.")
    root_hash: str = strawberry.field(description="Of the RFC 9162 Merkle tree over them; base64.")
    at: datetime
    note: str = strawberry.field(description="The checkpoint as signed: C2SP tlog-checkpoint.")


@strawberry.type(description="That an entry is in the log, as its head says.")
class InclusionProof:
    index: int = strawberry.field(description="The entry's place in the log, from 0.")
    size: int
    leaf: str = strawberry.field(description="The 48 bytes that stand in the log for the entry; base64.")
    hashes: list[str] = strawberry.field(description="From the leaf's sibling up; base64.")
    proof: str = strawberry.field(description="All of it and the checkpoint as one text: C2SP tlog-proof.")


@strawberry.type(description="That the log at one size is the beginning of the log at a later one.")
class ConsistencyProof:
    from_: int = strawberry.field(name="from")
    to: int
    hashes: list[str] = strawberry.field(description="RFC 9162, 2.1.4; base64.")


@strawberry.type
class Query:
    @strawberry.field(description="检查点: the newest signed head of the log; null before the first.")
    async def checkpoint(self, info: Info) -> Checkpoint | None:
        info.context.viewer  # noqa: B018 (for whoever is signed in; the same is public at /log/checkpoint)
        last = await latest()
        return _checkpoint(last) if last else None

    @strawberry.field(description="存证证明: that an entry the viewer may see is in the log.")
    async def inclusion_proof(self, info: Info, entry_id: strawberry.ID) -> InclusionProof:
        key = key_of(entry_id, Entry, "entryId")  # type: ignore[arg-type]
        if not await Entry.seen_by(info.context.viewer).filter(id=key).exists():
            raise Refused(NOT_FOUND.about("entryId"))
        last, index, path = await proofs.inclusion_of(key)
        leaf = (await leaves(index // TILE_WIDTH, index % TILE_WIDTH + 1))[-1]
        return InclusionProof(
            index=index, size=last.size, leaf=b64encode(leaf).decode(), hashes=_encoded(path),
            proof=proofs.proof_text(last.note, index, path),
        )

    @strawberry.field(description="一致性证明: that the log was only added to between two of its sizes.")
    async def consistency_proof(
        self, info: Info, from_: Annotated[int, strawberry.argument(name="from")], to: int
    ) -> ConsistencyProof:
        info.context.viewer  # noqa: B018
        return ConsistencyProof(from_=from_, to=to, hashes=_encoded(await proofs.consistency_between(from_, to)))


async def checkpoint(request: Request) -> Response:
    """GET /log/checkpoint"""
    return PlainTextResponse((await proofs.checkpoint()).note, headers={"Cache-Control": "max-age=2"})


async def public_keys(request: Request) -> Response:
    """GET /log/keys: every key there was, with the instant it began to sign and what was said about it."""
    known = [
        {
            "key": each.public, "id": PublicKey.read(each.public).id, "since": each.at.isoformat(),
            "statement": each.statement, "handOver": each.note,
        }
        for each in await log_keys.keys()
    ]
    return JSONResponse({"keys": known})


async def resource(request: Request) -> Response:
    """GET /log/tile/<level>/<number>[.p/<width>], and /log/tile/entries/… for auditors."""
    match = TILE.fullmatch(request.path_params["path"])
    number = int(match[2].replace("/", "").replace("x", "")) if match else 0
    if match is None or path_of(number) != match[2]:
        raise Refused(NOT_FOUND)
    entries, width = match[1] == "entries", int(match[3] or TILE_WIDTH)
    if entries:
        _require_auditor(request.state.context)
    place = Place(0 if entries else int(match[1]), number)
    if place.width((await proofs.checkpoint()).size) < width:
        raise Refused(NOT_FOUND)
    if entries:
        bundle = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in await leaves(number, width))
        return _bytes(bundle, "private, no-store")
    return _bytes(b"".join(await tile(place, width)), FOR_EVER)


async def inclusion(request: Request) -> Response:
    """GET /log/inclusion?index=…&size=…: the path of the leaf at `index`, for a head of `size` or the last."""
    last = (await proofs.checkpoint()).size
    size = _number(request, "size", last)
    index = _number(request, "index")
    if not 0 <= index < size <= last:
        raise Refused(_wrong("index < size"))
    path = await proofs.Tree(size).inclusion(index)
    return JSONResponse({"index": index, "size": size, "hashes": _encoded(path)})


async def consistency(request: Request) -> Response:
    """GET /log/consistency?from=…&to=…: kept as a file, verify.py takes it."""
    old = _number(request, "from")
    new = _number(request, "to", (await proofs.checkpoint()).size)
    return JSONResponse({"from": old, "to": new, "hashes": _encoded(await proofs.consistency_between(old, new))})


def path_of(number: int) -> str:
    """A tile's number as it stands in a path: 1234067 is x001/x234/067."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _answering(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except Refused as refused:
            context: Context = request.state.context
            code = refused.refusals[0].code
            status = {"FOR_AUDITORS": 403, "UNAUTHENTICATED": 401, "BAD_INPUT": 400}.get(code, 404)
            return refusal_answer(refused.refusals, context.language, status)

    return answered


routes = [
    Route("/log/checkpoint", _answering(checkpoint)),
    Route("/log/keys", _answering(public_keys)),
    Route("/log/tile/{path:path}", _answering(resource)),
    Route("/log/inclusion", _answering(inclusion)),
    Route("/log/consistency", _answering(consistency)),
]


def _checkpoint(row: CheckpointRow) -> Checkpoint:
    head = Head.read(row.note)
    return Checkpoint(
        origin=head.origin, size=row.size, root_hash=b64encode(head.root).decode(), at=row.at, note=row.note
    )


def _require_auditor(context: Context) -> None:
    if not context.viewer.zones_as(Role.AUDITOR):
        raise Refused(FOR_AUDITORS)


def _number(request: Request, name: str, default: int | None = None) -> int:
    given = request.query_params.get(name)
    if given is None and default is not None:
        return default
    if given is None or not re.fullmatch(r"\d{1,15}", given, re.ASCII):
        raise Refused(_wrong(name))
    return int(given)


def _wrong(name: str) -> Refusal:
    return BAD_INPUT.about(name, problem_zh=f"{name} 应为有效数字", problem_en=f"{name} must be a number that fits")


def _encoded(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]


def _bytes(content: bytes, caching: str) -> Response:
    return Response(content, media_type="application/octet-stream", headers={"Cache-Control": caching})
