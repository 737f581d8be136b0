"""The log as the world reads it: a monitor with the specification in hand, auditors, and those who see an entry."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.nodes import global_id
from api.seals import path_of
from domain import trees
from domain.history import Entry
from domain.seals import Leaf, leaf_of
from tests.graphql import served, signed_in
from tests.terminal import qiban
from tests.test_seals import by_definition, climbed, joined, many_entries
from tests.world import World, a_case, a_world
from workflows import log_keys
from workflows.seals import rotate, seal

pytestmark = pytest.mark.usefixtures("log_key")


async def a_sealed_world() -> World:
    world = await a_world()
    await many_entries(300)
    await log_keys.create_key("qiban.example/log")
    await a_case(world)
    await seal()
    return world


async def test_a_monitor_that_knows_only_the_specifications_reads_the_whole_log(database: str) -> None:
    await a_sealed_world()
    key = await current_key()

    async with served() as http:
        origin, size, root = signed_head(await body(http, "/log/checkpoint"), key)
        hashes = [each for path in widths(0, size) for each in split(await body(http, f"/log/tile/{path}"))]
        above = [each for path in widths(1, size) for each in split(await body(http, f"/log/tile/{path}"))]

    assert origin == "qiban.example/log"
    assert len(hashes) == size == await Entry.all().count()
    assert merkle(hashes) == root
    assert above == [merkle(hashes[start : start + 256]) for start in range(0, size // 256 * 256, 256)]


async def test_tiles_may_be_kept_and_the_checkpoint_may_not(database: str) -> None:
    await a_sealed_world()

    async with served() as http:
        tile, checkpoint = await http.get("/log/tile/0/000"), await http.get("/log/checkpoint")

    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]
    assert len(tile.content) == 8192
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["cache-control"] == "max-age=2"


NOT_THERE = (
    "0/001", "0/001.p/255", "0/000.p/0", "0/000.p/256", "1/000", "0/0", "0/x000/000", "00/000", "63/000",
    "0/x999/x999/x999/x999/999", "two/000", "entries/001", "",
)


async def test_only_what_a_checkpoint_covers_is_there(database: str) -> None:
    world = await a_sealed_world()

    async with served() as http:
        auditor = await signed_in(http, world.auditor)
        headers = {"Authorization": f"Bearer {auditor.token}"}
        found = {path: (await http.get(f"/log/tile/{path}", headers=headers)).status_code for path in NOT_THERE}

    assert found == dict.fromkeys(NOT_THERE, 404)


async def test_before_the_first_checkpoint_there_is_nothing(database: str) -> None:
    async with served() as http:
        answers = [await http.get(f"/log/{path}") for path in ("checkpoint", "tile/0/000.p/1", "inclusion?index=0")]
        keys = await http.get("/log/keys")

    assert [each.status_code for each in answers] == [404, 404, 404]
    assert {each.json()["refusals"][0]["code"] for each in answers} == {"NO_CHECKPOINT"}
    assert keys.json() == {"keys": []}


def test_tile_numbers_stand_in_paths_as_the_specification_has_it() -> None:
    assert [path_of(each) for each in (0, 67, 999, 1000, 1234067)] == [
        "000", "067", "999", "x001/000", "x001/x234/067",
    ]


async def test_entries_of_the_log_are_for_auditors(database: str) -> None:
    world = await a_sealed_world()

    async with served() as http:
        answers = {}
        for name, person in (("auditor", world.auditor), ("leader", world.leader), ("contact", world.contact)):
            client = await signed_in(http, person)
            answers[name] = await http.get(
                "/log/tile/entries/000", headers={"Authorization": f"Bearer {client.token}"}
            )
        nobody = await http.get("/log/tile/entries/000")

    assert (nobody.status_code, answers["leader"].status_code, answers["contact"].status_code) == (401, 403, 403)
    assert answers["leader"].json()["refusals"][0]["code"] == "FOR_AUDITORS"
    bundle, found = answers["auditor"].content, []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    entries = {each.id: each for each in await Entry.all()}
    assert found == [leaf_of(entries[each.entry_id]) for each in await Leaf.filter(id__lt=256).order_by("id")]


async def test_proofs_are_given_over_http(database: str) -> None:
    await a_sealed_world()
    leaves = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]

    async with served() as http:
        included = (await http.get("/log/inclusion?index=7&size=290")).json()
        grown = (await http.get("/log/consistency?from=100")).json()
        wrong = [
            await http.get(f"/log/{path}")
            for path in (
                "inclusion", "inclusion?index=x", "inclusion?index=290&size=290", "inclusion?index=0&size=9999",
                "consistency", "consistency?from=0", "consistency?from=5&to=4", "consistency?from=1&to=99999",
            )
        ]

    assert climbed(trees.leaf_hash(leaves[7]), 7, 290, decoded(included["hashes"])) == by_definition(leaves[:290])
    roots = by_definition(leaves[:100]), by_definition(leaves)
    assert (grown["from"], grown["to"]) == (100, len(leaves))
    assert joined(100, len(leaves), roots[0], decoded(grown["hashes"])) == roots
    assert {(each.status_code, each.json()["refusals"][0]["code"]) for each in wrong} == {(400, "BAD_INPUT")}


async def test_whoever_sees_an_entry_may_have_its_proof(database: str) -> None:
    world = await a_sealed_world()
    entry = await Entry.filter(record_kind="case").first()
    assert entry
    query = (
        "query($id: ID!) { inclusionProof(entryId: $id) { index size leaf hashes proof } "
        "checkpoint { origin size rootHash at note } }"
    )

    async with served() as http:
        leader, liaison = await signed_in(http, world.leader), await signed_in(http, world.land_liaison)
        given = await leader.ask(query, id=global_id(entry))
        refused = await liaison.send(query, id=global_id(entry))
        grown = await leader.ask("{ consistencyProof(from: 5, to: 200) { from to hashes } }")
        late = await a_case(world)
        unsealed = await leader.send(query, id=global_id(await Entry.filter(subject_id=late.id).first()))

    proof, head = given["inclusionProof"], given["checkpoint"]
    leaf = b64decode(proof["leaf"])
    assert leaf == leaf_of(entry)
    root = climbed(trees.leaf_hash(leaf), proof["index"], proof["size"], decoded(proof["hashes"]))
    assert root == b64decode(head["rootHash"])
    assert proof["proof"].endswith(f"\n\n{head['note']}")
    assert grown["consistencyProof"]["to"] == 200
    assert code_of(refused) == "NOT_FOUND"
    assert code_of(unsealed) == "NOT_SEALED"


async def test_keys_are_public_with_their_hand_overs(database: str) -> None:
    await a_sealed_world()
    await rotate("Yearly change")

    async with served() as http:
        first, second = (await http.get("/log/keys")).json()["keys"]

    assert (first["handOver"], second["statement"]) == ("", "Yearly change")
    assert first["key"] in second["handOver"] and second["key"] in second["handOver"]


async def test_keys_are_kept_at_the_command_line(sqlite_url: str, log_key: Path) -> None:
    async def key(*arguments: str) -> str:
        ended = await qiban("key", *arguments, url=sqlite_url, QIBAN_LOG_KEY=str(log_key))
        assert ended.code == 0, ended.err
        return ended.out.strip()

    none = await qiban("key", "export-public", url=sqlite_url, QIBAN_LOG_KEY=str(log_key))
    first = await key("create", "--origin", "qiban.example/log")
    second = await key("rotate", "--statement", "Yearly change")
    await asyncio.to_thread(log_key.unlink)
    third = await key("replace", "--statement", "The disk broke")
    listed = (await key("list")).splitlines()

    assert none.code == 1 and str(log_key) in none.err
    assert len({first, second, third}) == 3
    assert [first in listed[0], second in listed[1], third in listed[2]] == [True] * 3
    assert await key("export-public") == third


async def current_key() -> str:
    return (await log_keys.keys())[-1].public


async def body(http: httpx.AsyncClient, path: str) -> bytes:
    answer = await http.get(path)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return answer.content


def signed_head(note: bytes, key: str) -> tuple[str, int, bytes]:
    """C2SP tlog-checkpoint and signed-note, read from their text alone."""
    text, signatures = note.decode().split("\n\n")
    name, key_id, encoded = key.split("+", 2)
    kind, public = b64decode(encoded)[:1], b64decode(encoded)[1:]
    assert sha256(name.encode() + b"\n" + kind + public).hexdigest()[:8] == key_id
    dash, signer, signature = signatures.rstrip("\n").split(" ")
    assert (dash, signer, b64decode(signature)[:4].hex()) == ("—", name, key_id)
    Ed25519PublicKey.from_public_bytes(public).verify(b64decode(signature)[4:], f"{text}\n".encode())
    origin, size, root = text.split("\n")
    return origin, int(size), b64decode(root)


def widths(level: int, size: int) -> list[str]:
    """The tiles of a level in a tree of a size."""
    full, rest = divmod(size // 256**level, 256)
    partial = [f"{level}/{full:03}.p/{rest}"] if rest else []
    return [f"{level}/{number:03}" for number in range(full)] + partial


def split(tile: bytes) -> list[bytes]:
    return [tile[start : start + 32] for start in range(0, len(tile), 32)]


def merkle(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + merkle(hashes[:half]) + merkle(hashes[half:])).digest()


def decoded(hashes: list[str]) -> list[bytes]:
    return [b64decode(each) for each in hashes]


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])
