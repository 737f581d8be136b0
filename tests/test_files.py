"""Evidence over HTTP: who may upload what to which case, and for whom, how long and how it comes down again."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from api.app import application
from api.nodes import global_id
from domain import clock
from domain.attachments import Attachment
from domain.cases import Case
from domain.people import Person
from domain.rectifications import Rectification
from domain.stores import MB, Store, open_store
from tests.graphql import Client, signed_in
from tests.s3 import Kept, a_bucket
from tests.world import World, a_case, a_closed_case, a_handled_case, a_world
from workflows import attachments
from workflows.perform import perform

PDF = b"%PDF-1.7\n" + b"evidence " * 1_000
NAME = "用地批复 (2026)·一期.pdf"


class Folder(Kept):
    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setenv("QIBAN_FILES_URL", f"file://{tmp_path}/files")
    monkeypatch.setenv("QIBAN_FILE_LIMIT_MB", "2")
    return Folder(tmp_path / "files")


@pytest.fixture
async def http(database: str, kept: Kept) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(open_store()) as client:
        yield client


def serving(store: Store) -> httpx.AsyncClient:
    app = application()
    app.state.store = store
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver")


async def test_what_a_companion_uploads_is_read_back_by_its_link_as_it_was(
    http: httpx.AsyncClient, world: World, kept: Kept
) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)

    answer = await upload(companion, case)

    made = answer["attachment"]
    assert answer["refusals"] == []
    assert made == {
        "id": made["id"], "fileName": NAME, "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest()
    }
    row = await Attachment.get(case_id=case.id)
    assert (row.uploaded_by_id, row.content_type, kept.files()) == (
        world.companion.id, "application/pdf", {row.store_key}
    )
    file = await http.get(await link(companion, made["id"]), headers={"Accept-Encoding": "gzip"})
    assert (file.status_code, file.content) == (200, PDF)
    assert file.headers["content-disposition"] == (
        'attachment; filename="____ (2026)___.pdf"; '
        "filename*=UTF-8''%E7%94%A8%E5%9C%B0%E6%89%B9%E5%A4%8D%20%282026%29%C2%B7%E4%B8%80%E6%9C%9F.pdf"
    )
    safe = {name: file.headers[name] for name in ("x-content-type-options", "content-security-policy", "cache-control")}
    assert safe == {
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }
    assert file.headers["content-length"] == str(len(PDF))
    assert "content-encoding" not in file.headers


async def test_a_bucket_serves_as_well_as_a_folder(
    database: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_bucket(monkeypatch) as bucket:
        async with serving(open_store()) as http:
            case = await a_case(world)
            companion = await signed_in(http, world.companion)
            content = b"%PDF-" + os.urandom(6 * MB)

            answer = await upload(companion, case, content=content)
            file = await http.get(await link(companion, answer["attachment"]["id"]))
            refused = await upload(await signed_in(http, world.auditor), case)
            bucket.objects.clear()
            lost = await http.get(await link(companion, answer["attachment"]["id"]))

    assert file.content == content
    assert codes(refused) == [("NOT_ALLOWED", None)]
    assert bucket.beginnings() == 0
    assert (lost.status_code, codes(lost.json())) == (404, [("FILE_LOST", None)])


async def test_the_contact_adds_papers_to_the_enterprises_own_case_only(
    http: httpx.AsyncClient, world: World
) -> None:
    other = await a_world("QT")
    contact = await signed_in(http, world.contact)

    assert (await upload(contact, await a_case(world)))["refusals"] == []

    assert codes(await upload(contact, await a_case(other))) == [("NOT_FOUND", "caseId")]


async def test_evidence_hangs_on_a_measure_of_the_same_case(http: httpx.AsyncClient, world: World) -> None:
    case, other = await a_handled_case(world), await a_handled_case(world)
    liaison = await signed_in(http, world.land_liaison)
    measure, of_other = await Rectification.get(case_id=case.id), await Rectification.get(case_id=other.id)

    taken = await upload(liaison, case, rectificationId=global_id(measure))
    refused = await upload(liaison, case, rectificationId=global_id(of_other))
    garbage = await upload(liaison, case, rectificationId="garbage")

    assert taken["refusals"] == []
    assert (await Rectification.get(id=measure.id)).evidence_files == 1
    assert codes(refused) == [("NOT_OF_THIS_CASE", "rectificationId")]
    assert codes(garbage) == [("BAD_INPUT", "rectificationId")]


async def test_what_may_not_be_uploaded_is_refused_and_leaves_no_file(
    http: httpx.AsyncClient, world: World, kept: Kept
) -> None:
    case, ended = await a_case(world), await a_closed_case(world)
    companion, auditor = await signed_in(http, world.companion), await signed_in(http, world.auditor)
    elsewhere = await signed_in(http, (await a_world("QT")).companion)
    told = [
        await upload(companion, case, name="程序.exe"),
        await upload(companion, case, content=b"MZ" + PDF),
        await upload(companion, case, content=b""),
        await upload(companion, case, content=b"%PDF-" + bytes(2 * MB)),
        await upload(companion, ended),
        await upload(auditor, case),
        await upload(elsewhere, case),
        await upload(Client(http), case),
        await upload(companion, None),
        await upload(companion, None, caseId="garbage"),
        await upload(companion, None, caseId=global_id(world.enterprise)),
        (await posted(companion, data={"caseId": global_id(case)})).json(),
    ]

    assert [codes(each) for each in told] == [
        [("FILE_TYPE", "file")],
        [("FILE_CONTENT", "file")],
        [("FILE_EMPTY", "file")],
        [("FILE_TOO_LARGE", "file")],
        [("CASE_ENDED", None)],
        [("NOT_ALLOWED", None)],
        [("NOT_FOUND", "caseId")],
        [("UNAUTHENTICATED", None)],
        [("BAD_INPUT", "caseId")],
        [("BAD_INPUT", "caseId")],
        [("BAD_INPUT", "caseId")],
        [("REQUIRED", "file")],
    ]
    assert all(each["attachment"] is None and each["refusals"][0]["message"] for each in told)
    assert kept.files() == set()
    assert await Attachment.all().count() == 0


async def test_a_form_that_is_none_or_holds_two_files_is_refused(
    http: httpx.AsyncClient, world: World, kept: Kept
) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)
    files = [("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))]

    two = await posted(companion, files=files, data={"caseId": global_id(case)})
    long_field = await posted(companion, files=files[:1], data={"caseId": "x" * 5_000})
    broken = await http.post(
        "/files", content=b"garbage", headers={**bearer(companion), "Content-Type": "multipart/form-data; boundary=x"}
    )
    no_boundary = await http.post(
        "/files", content=b"garbage", headers={**bearer(companion), "Content-Type": "multipart/form-data"}
    )
    plain = await http.post("/files", json={"caseId": "x"}, headers=bearer(companion))

    assert [each.status_code for each in (two, long_field, broken, no_boundary, plain)] == [400, 400, 400, 400, 200]
    for each in (two, long_field, broken, no_boundary):
        assert codes(each.json()) == [("BAD_INPUT", None)]
    assert codes(plain.json()) == [("REQUIRED", "file")]
    assert kept.files() == set()


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_beyond_the_limit_is_refused_before_it_is_all_read(
    http: httpx.AsyncClient, world: World, kept: Kept, told: bool
) -> None:
    companion = await signed_in(http, world.companion)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        while sent < 20 * MB:
            sent += MB // 4
            yield bytes(MB // 4)

    headers = {**bearer(companion), "Content-Type": "multipart/form-data; boundary=x", "Accept-Language": "zh"}
    if told:
        headers["Content-Length"] = str(20 * MB)
    answer = await http.post("/files", content=endless(), headers=headers)

    assert answer.status_code == 413
    assert codes(answer.json()) == [("TOO_LARGE", None)]
    assert "上限" in answer.json()["refusals"][0]["message"]
    assert sent <= 3 * MB
    gc.collect()  # a temporary file left open would warn here, and warnings are errors


async def test_a_change_that_fails_after_the_file_was_kept_takes_the_file_with_it(
    http: httpx.AsyncClient, world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)

    async def fails(step: Any) -> None:
        raise RuntimeError("13800000000")

    move = attachments.ATTACHMENT.moves["attach"]
    monkeypatch.setitem(attachments.ATTACHMENT.moves, "attach", replace(move, act=fails))
    answer = await post(companion, case)

    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "FAULT"
    assert "13800000000" not in answer.text
    assert kept.files() == set()
    assert await Attachment.all().count() == 0


async def test_a_link_lasts_five_minutes(http: httpx.AsyncClient, world: World) -> None:
    case = await a_case(world)
    noon = clock.now().replace(microsecond=0) + timedelta(seconds=1)
    with clock.stopped(noon):
        companion = await signed_in(http, world.companion)
        url = await link(companion, (await upload(companion, case))["attachment"]["id"])

    with clock.stopped(noon + timedelta(minutes=5, seconds=-1)):
        assert (await http.get(url)).status_code == 200
    with clock.stopped(noon + timedelta(minutes=5)):
        late = await http.get(url, headers={"Accept-Language": "zh"})
    assert (late.status_code, codes(late.json())) == (403, [("LINK_EXPIRED", None)])
    assert "过期" in late.json()["refusals"][0]["message"]
    for token in ("x", "密", "A" * 96, url.rpartition("/")[2][:-4] + "AAAA"):
        assert codes((await http.get(f"/files/{token}")).json()) == [("LINK_INVALID", None)]


async def test_a_link_dies_with_its_viewers_sight(http: httpx.AsyncClient, world: World) -> None:
    case = await a_handled_case(world)
    made = (await upload(await signed_in(http, world.companion), case))["attachment"]
    administrator, leader = await world.viewer(world.administrator), await signed_in(http, world.leader)
    liaison = await signed_in(http, world.land_liaison)
    of_leader, of_liaison = await link(leader, made["id"]), await link(liaison, made["id"])

    await perform(administrator, Person, world.leader.id, "deactivate", reason="调离")
    held = await world.land_liaison.memberships.all()
    await perform(administrator, type(held[0]), held[0].id, "revoke", reason="轮岗")

    assert [(await http.get(url)).status_code for url in (of_leader, of_liaison)] == [404, 404]


async def test_a_removed_attachment_is_not_handed_out_but_its_bytes_stay(
    http: httpx.AsyncClient, world: World, kept: Kept
) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)
    made = (await upload(companion, case))["attachment"]
    url = await link(companion, made["id"])

    assert (await companion.do("removeAttachment", id=made["id"], reason="传错"))["refusals"] == []

    assert (await http.get(url)).status_code == 404
    assert len(kept.files()) == 1


async def test_a_file_that_the_store_has_lost_is_a_refusal_and_no_fault(
    http: httpx.AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)
    made = (await upload(companion, case))["attachment"]
    row = await Attachment.get(case_id=case.id)
    await open_store().delete(row.store_key)

    answer = await http.get(await link(companion, made["id"]), headers={"Accept-Language": "en"})

    assert (answer.status_code, codes(answer.json())) == (404, [("FILE_LOST", None)])
    assert str(row.id) in caplog.text
    assert NAME not in caplog.text


async def test_eight_uploads_to_one_case_at_once_are_all_kept(
    http: httpx.AsyncClient, world: World, kept: Kept
) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)

    answers = await asyncio.gather(*(upload(companion, case) for _ in range(8)))

    assert [each["refusals"] for each in answers] == [[]] * 8
    assert len(kept.files()) == await Attachment.filter(case_id=case.id).count() == 8


async def test_markup_and_paths_in_a_file_name_do_no_harm(http: httpx.AsyncClient, world: World) -> None:
    case = await a_case(world)
    companion = await signed_in(http, world.companion)

    made = (await upload(companion, case, name="../../etc/a<b;%41\u202e批复.pdf"))["attachment"]
    file = await http.get(await link(companion, made["id"]))

    assert made["fileName"] == "a_b;%41批复.pdf"
    assert file.headers["content-disposition"] == (
        "attachment; filename=\"a_b;_41__.pdf\"; filename*=UTF-8''a_b%3B%2541%E6%89%B9%E5%A4%8D.pdf"
    )


async def upload(
    client: Client, case: Case | None, name: str = NAME, content: bytes = PDF, **fields: str
) -> dict[str, Any]:
    return cast("dict[str, Any]", (await post(client, case, name, content, **fields)).json())


async def post(
    client: Client, case: Case | None, name: str = NAME, content: bytes = PDF, **fields: str
) -> httpx.Response:
    data = {"caseId": global_id(case), **fields} if case else fields
    return await posted(client, files={"file": (name, content)}, data=data)


async def posted(client: Client, **form: Any) -> httpx.Response:
    return await client.http.post("/files", headers=bearer(client), **form)


def bearer(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"} if client.token else {}


async def link(client: Client, attachment: str) -> str:
    url: str = (await client.ask("query($id: ID!) { node(id: $id) { ... on Attachment { url } } }", id=attachment))[
        "node"
    ]["url"]
    return url


def codes(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(no["code"], no["field"]) for no in answer["refusals"]]
