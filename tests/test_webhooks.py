"""Moves told outside: every one that happened, none that did not, at least once, in order, and signed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain import clock
from domain import database as storage
from domain.cases import Case
from domain.history import Entry
from domain.responsibilities import Responsibility
from domain.webhooks import Delivery, DeliveryState, Format, Outlet, Webhook, WebhookState
from tests import delivering
from tests.graphql import served, signed_in
from tests.proofs import moved, refused
from tests.receiver import Receiver, receiving
from tests.world import World, a_case, a_dispatched_case, a_webhook, a_world, a_zone, the_responsibility
from workflows import log_keys
from workflows.deliveries import (
    FIRST_REST,
    HELD,
    KEPT,
    LONGEST_REST,
    MOST_ATTEMPTS,
    deliver_due,
    forget_deliveries,
    message_of,
    redeliver,
    rest_after,
)
from workflows.perform import changing, create, perform
from workflows.seals import seal

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BOUND = timedelta(hours=7)


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.0/8")
    async with receiving() as receiver:
        yield receiver


async def a_plain_webhook(world: World, receiver: Receiver, **given: Any) -> Webhook:
    return await a_webhook(world.zone, receiver.url, **{"format": Format.PLAIN, "secret": SECRET, **given})


async def delivered() -> None:
    while await deliver_due() is not None:
        pass


async def states() -> list[tuple[DeliveryState, int]]:
    return [(each.state, each.attempts) for each in await Delivery.all().order_by("id")]


async def test_what_happened_is_told_once_and_in_order(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver)
    case = await a_dispatched_case(world, world.land, title="机密标题", contact_name="示例联系人")

    await delivered()
    await delivered()

    told = [json.loads(each.body) for each in receiver.requests]
    assert [each["type"] for each in told] == [
        "case.collect", "problem.raise", "case.submit", "case.dispatch", "responsibility.offer",
    ]
    assert {each["data"]["number"] for each in told} == {case.number}
    assert [each["data"]["sequence"] for each in told] == [1, 2, 3, 4, 5]
    assert len(set(receiver.ids)) == 5
    assert await states() == [(DeliveryState.DELIVERED, 1)] * 5
    said = b"".join(each.body for each in receiver.requests).decode()
    assert not [word for word in ("机密", "示例", "伴员", "用地") if word in said]


async def test_whoever_knows_the_secret_can_tell_that_it_came_from_here(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver)
    await a_case(world)

    await delivered()

    got = receiver.requests[0]
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


async def test_what_is_taken_back_is_not_told(database: str, receiver: Receiver) -> None:
    world = await a_world()
    case = await a_case(world)
    await a_plain_webhook(world, receiver)
    owner = await world.viewer(world.companion)

    with pytest.raises(RuntimeError, match="the power failed"):
        async with changing(owner):
            await perform(owner, Case, case.id, "submit")
            raise RuntimeError("the power failed")

    assert await Delivery.all().count() == 0


async def test_only_the_moves_chosen_are_told_of_the_zone_and_those_below(database: str, receiver: Receiver) -> None:
    city = await a_zone("GX")
    world, elsewhere = await a_world("GL", city), await a_world("BY")
    await a_webhook(city, receiver.url, format=Format.PLAIN, secret=SECRET, told=["case.submit", "case.submit"])
    for each in (world, elsewhere):
        await a_dispatched_case(each)

    await delivered()

    assert [json.loads(each.body)["type"] for each in receiver.requests] == ["case.submit"]
    assert json.loads(receiver.requests[0].body)["data"]["zone"] == "GL"


async def test_nobody_waits_for_a_receiver(database: str, receiver: Receiver) -> None:
    """While it is being called, no transaction is open: others write."""
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.submit"])
    case = await a_dispatched_case(world)
    duty = await the_responsibility(case)
    liaison = await world.viewer(world.land_liaison)

    async def sign() -> None:
        await perform(liaison, Responsibility, duty.id, "sign")

    receiver.before_answering = sign
    await delivered()

    assert await states() == [(DeliveryState.DELIVERED, 1)]
    assert await Entry.filter(move="sign").exists()


async def test_of_many_workers_one_tells(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver)
    for _ in range(4):
        await a_dispatched_case(world)

    await asyncio.gather(*(delivered() for _ in range(4)))

    assert len(receiver.requests) == len(set(receiver.ids)) == 20
    assert receiver.ids == [str(each.id) for each in await Delivery.all().order_by("id")]


async def test_a_receiver_that_is_down_is_left_alone_ever_longer_until_all_that_waits_is_dead(
    database: str, receiver: Receiver
) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.collect", "case.submit"])
    await a_dispatched_case(world)
    receiver.status, at, rests = 503, clock.now() + timedelta(seconds=1), []
    while DeliveryState.WAITING in [state for state, _ in await states()]:
        with clock.stopped(at):
            await delivered()
            rest = (await Outlet.get()).next_at - at
        with clock.stopped(at + rest - timedelta(seconds=1)):
            await delivered()  # nothing: it still rests
        rests.append(rest)
        at += rest

    assert len(receiver.requests) == MOST_ATTEMPTS
    assert len(set(receiver.ids)) == 1
    assert all(later > earlier for earlier, later in pairwise(rests[:8]))
    assert await states() == [(DeliveryState.DEAD, MOST_ATTEMPTS)] * 2
    assert {each.last_status for each in await Delivery.all()} == {"HTTP 503"}


def test_rests_double_up_to_six_hours_and_are_not_all_alike() -> None:
    for failures in range(1, 30):
        full = min(FIRST_REST * 2 ** (failures - 1), LONGEST_REST)
        assert full * 0.75 <= rest_after(failures) <= full
    assert len({rest_after(5) for _ in range(9)}) > 1


async def test_what_was_given_up_is_told_again_under_the_same_id_when_an_administrator_says_so(
    database: str, receiver: Receiver
) -> None:
    world, elsewhere = await a_world(), await a_world("BY")
    await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    receiver.status = 503
    await Delivery.all().update(attempts=MOST_ATTEMPTS - 1)
    await delivered()
    dead = await Delivery.get()
    receiver.status = 200

    for person in (elsewhere.administrator, world.auditor):
        with refused("NOT_FOUND"):
            await redeliver(await world.viewer(person), [dead.id])
    again = await redeliver(await world.viewer(world.administrator), [dead.id])
    once_more = await redeliver(await world.viewer(world.administrator), [dead.id])
    await delivered()

    assert dead.state is DeliveryState.DEAD
    assert (again, once_more) == (1, 0)
    assert receiver.ids == [str(dead.id)] * 2
    assert await states() == [(DeliveryState.DELIVERED, 1)]


async def test_a_busy_receiver_is_left_alone_as_long_as_it_says_and_that_is_no_failure(
    database: str, receiver: Receiver
) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    receiver.status, receiver.more = 429, "Retry-After: 90\r\n"
    at = clock.now() + timedelta(seconds=1)
    for n in range(MOST_ATTEMPTS + 3):
        with clock.stopped(at + timedelta(seconds=90) * n):
            await delivered()
        with clock.stopped(at + timedelta(seconds=90) * (n + 1) - timedelta(seconds=1)):
            await delivered()  # nothing: it is left alone still

    assert len(receiver.requests) == MOST_ATTEMPTS + 3
    assert await states() == [(DeliveryState.WAITING, 0)]
    assert ((await Delivery.get()).last_status, (await Outlet.get()).failures) == ("HTTP 429", 0)


async def test_whoever_is_busy_for_more_than_a_day_is_given_up_in_the_end(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    receiver.status, receiver.more = 429, "Retry-After: 99999999\r\n"
    at = clock.now() + timedelta(seconds=1)
    for n in range(20):
        with clock.stopped(at + LONGEST_REST * n):
            await delivered()

    assert len(receiver.requests) == 4 + MOST_ATTEMPTS  # four within the day
    assert await states() == [(DeliveryState.DEAD, MOST_ATTEMPTS)]


async def test_nobody_waits_for_a_receiver_that_hangs(
    database: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.outgoing.CALL_SECONDS", 3)
    world = await a_world()
    async with receiving() as hanging:
        hanging.hangs = True
        await a_plain_webhook(world, hanging, told=["case.submit"])
        await a_plain_webhook(world, receiver, told=["case.submit"])
        await a_dispatched_case(world)
        working = asyncio.ensure_future(deliver_due())
        async with asyncio.timeout(2):
            while not receiver.requests:  # noqa: ASYNC110 (another task receives)
                await asyncio.sleep(0.01)
        await working

    assert sorted(each.last_status for each in await Delivery.all()) == ["HTTP 200", "TimeoutError"]


async def test_a_host_is_looked_up_before_anything_is_locked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names' service may take seconds; nobody who writes waits for it."""
    world = await a_world()
    open_changes: list[bool] = []

    async def look_up(host: str, port: int) -> list[Any]:
        open_changes.append(storage._open_transaction() is not None)
        return [ip_address("1.1.1.1")]

    monkeypatch.setattr("domain.outgoing._look_up", look_up)
    given = {"zoneId": f"Zone_{world.zone.id}", "name": "值班群", "secret": SECRET}
    async with served() as http:
        administrator, dispatcher = await signed_in(http, world.administrator), await signed_in(http, world.dispatcher)
        for key in (None, "once"):
            made = await administrator.do(
                "createWebhook", "webhook { id version }", url="https://hook.example/", idempotencyKey=key, **given
            )
            assert made["refusals"] == []
        edited = await administrator.do(
            "editWebhook", "webhook { host }", id=made["webhook"]["id"], expectedVersion=made["webhook"]["version"],
            idempotencyKey="edit", name="新", url="https://other.example/",
        )
        looked = len(open_changes)
        await dispatcher.do("createWebhook", "webhook { id }", url="https://hook.example/", **given)

    assert edited["webhook"]["host"] == "other.example"
    assert open_changes == [False] * 3 and looked == 3


async def test_order_is_kept_across_a_failure(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver)
    await a_dispatched_case(world)
    receiver.status = 500
    await delivered()
    receiver.status = 200
    await a_case(world)

    await delivered()
    with clock.stopped(clock.now() + BOUND):
        await delivered()

    assert receiver.ids[1:] == [str(each.id) for each in await Delivery.all().order_by("id")]


async def test_a_message_the_receiver_will_not_have_keeps_no_other_waiting(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.collect", "case.submit"])
    await a_dispatched_case(world)

    async def refuse_the_first() -> None:
        receiver.status = 422 if len(receiver.requests) == 1 else 200

    receiver.before_answering = refuse_the_first
    await delivered()

    assert await states() == [(DeliveryState.WAITING, 1), (DeliveryState.DELIVERED, 1)]
    with clock.stopped(clock.now() + BOUND):
        await delivered()
    assert receiver.ids == [receiver.ids[0], receiver.ids[1], receiver.ids[0]]


async def test_whoever_dies_between_telling_and_noting_it_tells_again_under_the_same_id(
    database: str, receiver: Receiver
) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", delivering.__name__, database)

    async def kill() -> None:
        process.send_signal(signal.SIGKILL)
        await process.wait()

    receiver.before_answering = kill
    await process.wait()
    receiver.before_answering = None
    await delivered()
    held_still = len(receiver.requests)
    with clock.stopped(clock.now() + HELD):
        await delivered()

    assert process.returncode == -signal.SIGKILL
    assert held_still == 1
    assert receiver.ids == [receiver.ids[0]] * 2
    assert await states() == [(DeliveryState.DELIVERED, 1)]


async def test_a_robot_is_told_no_more_in_a_minute_than_it_takes(database: str, receiver: Receiver) -> None:
    world = await a_world()
    await a_webhook(world.zone, receiver.url, format=Format.WECOM)
    receiver.body = b'{"errcode": 0, "errmsg": "ok"}'
    at = clock.now()
    for _ in range(5):
        await a_dispatched_case(world)

    with clock.stopped(clock.now()):
        await deliver_due()
        await deliver_due()
        first = len(receiver.requests)
    with clock.stopped(clock.now() + timedelta(seconds=61)):
        await delivered()

    assert first == 20
    assert len(receiver.requests) == 25
    assert clock.now() - at < timedelta(minutes=1)


async def test_nothing_is_told_while_a_webhook_is_paused_and_its_secrets_go_with_it(
    database: str, receiver: Receiver
) -> None:
    world = await a_world()
    webhook = await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)

    await moved(world, world.administrator, webhook, "pause", reason="检修")
    await a_dispatched_case(world)
    await delivered()
    told_while_paused = len(receiver.requests)
    await moved(world, world.administrator, webhook, "resume")
    await delivered()
    await moved(world, world.administrator, webhook, "remove", reason="停用")
    await a_dispatched_case(world)
    await delivered()

    assert (told_while_paused, len(receiver.requests)) == (0, 1)
    assert await Outlet.all().count() == 0
    assert (await Webhook.get()).state is WebhookState.REMOVED


async def test_what_was_told_long_ago_is_forgotten_and_what_waits_is_not(database: str, receiver: Receiver) -> None:
    world = await a_world()
    webhook = await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    await delivered()
    await a_dispatched_case(world)

    with clock.stopped(clock.now() + KEPT - timedelta(days=1)):
        await forget_deliveries()
    kept = await Delivery.all().count()
    with clock.stopped(clock.now() + KEPT + timedelta(days=1)):
        await forget_deliveries()
    still_waits = await states()
    await moved(world, world.administrator, webhook, "remove", reason="停用")
    await forget_deliveries()

    assert kept == 2
    assert still_waits == [(DeliveryState.WAITING, 0)]
    assert await states() == []


async def test_an_address_that_became_internal_is_not_called(
    database: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    monkeypatch.delenv("QIBAN_WEBHOOKS_ALLOW")

    await delivered()

    assert receiver.requests == []
    assert (await Delivery.get()).last_status == "NOT_HTTPS"


async def test_what_was_sealed_under_another_secret_is_not_guessed_at(
    database: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["case.submit"])
    await a_dispatched_case(world)
    monkeypatch.setattr("domain.secret.secret", lambda: b"another secret of thirty-two bytes")

    await delivered()

    assert receiver.requests == []
    assert "secret" in (await Delivery.get()).last_status


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"secret": "hunter2"}, "BAD_SECRET"),
        ({"secret": "whsec_" + base64.b64encode(b"short").decode()}, "BAD_SECRET"),
        ({"secret": None}, "REQUIRED"),
        ({"told": ["case.edit"]}, "BAD_INPUT"),
        ({"url": "https://10.0.0.1/hook"}, "PRIVATE_ADDRESS"),
        ({"url": "http://1.1.1.1/hook"}, "NOT_HTTPS"),
    ],
)
async def test_a_webhook_that_could_not_work_is_not_set(sqlite_open: None, given: dict[str, Any], code: str) -> None:
    world = await a_world()
    given = {"name": "示例", "url": "https://1.1.1.1/hook", "format": Format.PLAIN, "secret": SECRET, **given}

    with refused(code):
        await create(await world.viewer(world.administrator), Webhook, "add", within=world.zone, **given)
    with refused("NOT_ALLOWED"):
        await create(await world.viewer(world.dispatcher), Webhook, "add", within=world.zone, **given)


@pytest.fixture
async def sqlite_open(sqlite_url: str) -> AsyncIterator[None]:
    from domain import database

    async with database.opened(sqlite_url):
        yield


async def test_a_zone_has_so_many_webhooks_and_no_more(sqlite_open: None) -> None:
    world = await a_world()
    for _ in range(20):
        await a_webhook(world.zone)

    with refused("TOO_MANY_WEBHOOKS"):
        await a_webhook(world.zone)


async def test_an_administrator_keeps_webhooks_and_never_reads_their_address_again(
    database: str, receiver: Receiver
) -> None:
    world = await a_world()
    async with served() as http:
        administrator, dispatcher = await signed_in(http, world.administrator), await signed_in(http, world.dispatcher)
        made = await administrator.do(
            "createWebhook", "webhook { id host format state told }", zoneId=f"Zone_{world.zone.id}", name="值班群",
            url=f"{receiver.url}?key=geheim", secret=SECRET, told=["case.submit"],
        )
        await a_dispatched_case(world)
        await Delivery.all().update(attempts=MOST_ATTEMPTS - 1)
        receiver.status = 500
        await delivered()
        dead = (await administrator.ask(DEAD))["deadLetters"]
        unseen = (await dispatcher.ask(DEAD))["deadLetters"]
        again = await administrator.do("redeliver", "waiting", deliveryIds=[dead["nodes"][0]["id"]])
        no = await dispatcher.do("redeliver", "waiting", deliveryIds=[dead["nodes"][0]["id"]])

    assert made["webhook"] | {"id": ""} == {
        "id": "", "host": f"127.0.0.1:{receiver.port}", "format": "PLAIN", "state": "ACTIVE", "told": ["case.submit"],
    }
    assert dead["nodes"][0] | {"id": ""} == {
        "id": "", "label": "Submit for assignment", "attempts": MOST_ATTEMPTS, "lastStatus": "HTTP 500",
        "webhook": {"name": "值班群"},
    }
    assert (unseen["totalCount"], again["waiting"]) == (0, 1)
    assert no["refusals"][0]["code"] == "NOT_FOUND"
    outlet = await Outlet.get()
    kept = [outlet.address, outlet.secret, *[each.changes for each in await Entry.all()]]
    assert not [each for each in kept if "geheim" in each or SECRET in each]


DEAD = "{ deadLetters { totalCount nodes { id label attempts lastStatus webhook { name } } } }"


async def test_an_edited_webhook_keeps_what_was_not_named(database: str, receiver: Receiver) -> None:
    world = await a_world()
    webhook = await a_plain_webhook(world, receiver, told=["case.close"])

    await moved(world, world.administrator, webhook, "edit", name="新名", told=["case.submit"])
    await a_dispatched_case(world)
    await delivered()

    assert [each.path for each in receiver.requests] == ["/hook"]


async def test_a_checkpoint_of_the_log_is_told_to_whoever_asked_for_it(
    database: str, receiver: Receiver, log_key: Path
) -> None:
    world = await a_world()
    await a_plain_webhook(world, receiver, told=["log.checkpoint"])
    await a_plain_webhook(world, receiver)
    await log_keys.create_key()

    made = await seal()
    await delivered()

    told = [json.loads(each.body) for each in receiver.requests]
    assert made and [each["type"] for each in told] == ["log.checkpoint"]
    assert told[0]["data"]["note"] == made.note
    message = await message_of(await Delivery.get(record_kind="log"))
    assert made.note in message.sentence and "存证检查点" in message.sentence
