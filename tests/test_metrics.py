"""Figures for Prometheus and traces for OpenTelemetry: told to whoever watches, and nothing where nobody does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from api import metrics, traces
from api.nodes import global_id
from domain import clock, meters
from domain.refusals import Refused
from domain.timers import Timer
from tests.graphql import Client, served, signed_in
from tests.world import World, a_case, a_dispatched_case, a_webhook, a_world
from workflows.duties import DUTIES
from workflows.measures import measure

TELEPHONE = "13800000000"


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def counted(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A world, and figures of what happens in it from then on."""
    monkeypatch.setenv("QIBAN_METRICS", "127.0.0.1:0")
    world = await a_world()
    async with metrics.counting():
        yield world


async def test_requests_moves_and_refusals_are_counted_by_kind(counted: World) -> None:
    def all_of_it() -> list[float]:
        return [
            figure("qiban_requests_total", operation="query", outcome="ok"),
            figure("qiban_requests_total", operation="mutation", outcome="ok"),
            figure("qiban_requests_total", operation="mutation", outcome="refused"),
            figure("qiban_requests_total", operation="other", outcome="ok"),
            figure("qiban_request_seconds_count", operation="query"),
            figure("qiban_moves_total", record="case", move="edit"),
            figure("qiban_refusals_total", code="STALE"),
        ]

    case = await a_case(counted)
    before = all_of_it()
    async with served() as http:
        client = await signed_in(http, counted.companion)
        for _ in range(3):  # planned from the second time on
            await client.ask("{ cases { nodes { number } } }")
        assert (await client.do("editCase", id=global_id(case), title="新题"))["refusals"] == []
        await client.do("editCase", id=global_id(case), title="新题", expectedVersion=99)
        await http.get(f"/{TELEPHONE}")

    assert [now - then for now, then in zip(all_of_it(), before, strict=True)] == [3, 1, 1, 1, 3, 1, 1]


async def test_how_far_behind_the_service_is_can_be_seen(counted: World) -> None:
    await a_webhook(counted.zone)
    await a_dispatched_case(counted)
    await Timer.filter(move="sign_by_lapse").update(wake_at=None, attempts=8)

    with clock.stopped(clock.now() + timedelta(days=90)):
        await measure()
        overdue = await Timer.filter(wake_at__lt=clock.now()).count()

    assert figure("qiban_timers_parked") == 1
    assert figure("qiban_timers_overdue") == overdue > 0
    assert figure("qiban_timers_late_seconds") > 86_400
    assert figure("qiban_outbox_waiting") > 0 and figure("qiban_outbox_late_seconds") > 86_400
    assert figure("qiban_seal_waiting") > 0
    assert "measure" in DUTIES


async def test_where_nobody_listens_nothing_is_asked(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Timer, "filter", fail)
    async with metrics.counting():
        await measure()

    assert not meters.is_heard()


async def test_figures_need_what_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_METRICS", "nowhere")

    with pytest.raises(Refused, match="host:port"):
        metrics.publish()


class Kept(InMemorySpanExporter):
    def named(self) -> list[str]:
        return [each.name for each in self.get_finished_spans()]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setenv("QIBAN_TRACES", "on")
    kept = Kept()
    traces.begin(kept)
    yield kept
    meters.trace(None)


async def test_a_request_its_move_and_its_statements_are_one_trace(database: str, spans: Kept) -> None:
    world = await a_world()
    case = await a_case(world, contact_phone=TELEPHONE)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with served() as http:
        client = await signed_in(http, world.companion)
        http.headers["traceparent"] = f"00-{trace}-00f067aa0ba902b7-01"
        spans.clear()
        await client.do("editCase", id=global_id(case), title=TELEPHONE)

    [request] = [each for each in spans.get_finished_spans() if each.name == "mutation"]
    assert {"move case.edit", "SELECT case", "UPDATE case", "INSERT entry"} <= set(spans.named())
    assert {f"{each.context.trace_id:032x}" for each in spans.get_finished_spans()} == {trace}
    assert request.attributes and request.attributes["http.response.status_code"] == 200
    assert TELEPHONE not in "".join(each.to_json() for each in spans.get_finished_spans())


async def test_without_the_setting_nothing_is_traced(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QIBAN_TRACES", raising=False)
    kept = Kept()
    traces.begin(kept)

    async with served() as http:
        await Client(http).send("{ __typename }")

    assert kept.get_finished_spans() == ()
    assert meters.span("anything") is meters.span("else")


def test_a_statement_is_named_by_verb_and_table() -> None:
    assert traces.statement('SELECT "id" FROM "case" WHERE "title"=$1') == "SELECT case"
    assert traces.statement("  insert into entry values ($1)") == "INSERT entry"
    assert traces.statement("BEGIN IMMEDIATE") == "BEGIN"
