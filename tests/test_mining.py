"""Event logs and nets that outsiders judge the house by: whole, of the standards' form, and without personal values."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from domain import clock
from domain import database as storage
from domain.calendar.rows import CalendarYear
from domain.cases import Case
from domain.history import Entry
from domain.records import THE_STATE
from domain.responsibilities import Responsibility
from domain.viewers import Role
from domain.zones import Zone
from tests.proofs import moved, refused
from tests.terminal import qiban
from tests.world import a_case, a_closed_case, a_dispatched_case, a_person, a_world
from workflows.mining import scope
from workflows.mining.ocel import write_ocel
from workflows.mining.xes import write_xes
from workflows.nets import write_nets
from workflows.timetable import FLOWS

XES = "{http://www.xes-standard.org/}"
PNML = "{http://www.pnml.org/version-2009/grammar/pnml}"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DRAWN = "{http://www.omg.org/spec/BPMN/20100524/DI}"
OCEL_TYPES = {"string", "time", "integer", "float", "boolean"}
SECRETS = ("13800000000", "张示例", "GL伴员01", "二期用地未获批")
Steps = set[tuple[str, str, str]]


async def a_busy_zone() -> Zone:
    """Cases at several stages, one of them merged, with a contact's name and number among them."""
    world = await a_world()
    await a_closed_case(world)
    await a_dispatched_case(world, world.land, world.housing)
    into = await a_case(world, contact_name="张示例", contact_phone="13800000000")
    await moved(world, world.dispatcher, await a_case(world), "merge", into=into, reason="同一事项")
    duty = await Responsibility.filter(department_id=world.housing.id).get()
    await moved(world, world.housing_liaison, duty, "return", reason="非本部门职责", basis="三定方案")
    return world.zone


def traces_of(file: Path) -> dict[str, list[dict[str, str]]]:
    """The events of each trace of a XES file, by the trace's name; asserts the standard's order and typing."""
    log = ElementTree.parse(file).getroot()
    assert log.tag == f"{XES}log" and log.get("xes.version") == "1849.2016"
    tags = [each.tag.removeprefix(XES) for each in log]
    ranks = {"extension": 0, "global": 1, "classifier": 2, "string": 3, "trace": 4}
    assert [ranks[tag] for tag in tags] == sorted(ranks[tag] for tag in tags)
    prefixes = {each.get("prefix") for each in log.iter(f"{XES}extension")}
    found: dict[str, list[dict[str, str]]] = {}
    for trace in log.iter(f"{XES}trace"):
        about = attributes_of(trace, prefixes)
        assert about["concept:name"] not in found
        found[about["concept:name"]] = [attributes_of(each, prefixes) for each in trace.iter(f"{XES}event")]
    return found


def attributes_of(element: ElementTree.Element, prefixes: set[str | None]) -> dict[str, str]:
    found = {}
    for each in element:
        kind, key, value = each.tag.removeprefix(XES), each.get("key", ""), each.get("value", "")
        if kind == "event":
            continue
        assert key and key not in found and (":" not in key or key.partition(":")[0] in prefixes)
        if kind == "date":
            assert datetime.fromisoformat(value).tzinfo
        elif kind == "int":
            int(value)
        else:
            assert kind in ("string", "id", "boolean") and (kind != "boolean" or value in ("true", "false"))
        found[key] = value
    return found


def net_in(file: Path) -> tuple[Steps, dict[str, int]]:
    """A PNML file's transitions as (from place, label or "", to place), and its initial marking."""
    root = ElementTree.parse(file).getroot()
    arcs = [(each.get("source", ""), each.get("target", "")) for each in root.iter(f"{PNML}arc")]
    steps, marked = set(), {}
    for place in root.iter(f"{PNML}place"):
        if (tokens := place.findtext(f"{PNML}initialMarking/{PNML}text")) is not None:
            marked[place.get("id", "")] = int(tokens)
    for transition in root.iter(f"{PNML}transition"):
        silent = transition.find(f"{PNML}toolspecific") is not None
        label = "" if silent else transition.findtext(f"{PNML}name/{PNML}text", "?")
        ((source, _),) = [arc for arc in arcs if arc[1] == transition.get("id")]
        ((_, target),) = [arc for arc in arcs if arc[0] == transition.get("id")]
        steps.add((source, label, target))
    return steps, marked


def fits(moves: list[str], steps: Steps) -> bool:
    """Whether a net of one token plays the moves and comes to its end: a token game of our own."""
    places = {"start"}
    for move in moves:
        places = {target for source, label, target in steps if source in places and label == move}
    return any((place, "", "end") in steps for place in places)


async def test_every_trace_fits_the_net_of_its_flow_and_no_other_order_does(database: str, tmp_path: Path) -> None:
    await a_busy_zone()
    wanted = await scope()
    write_nets(tmp_path, "pnml")

    for kind in (record.kind() for record in FLOWS):
        counted = await write_xes(tmp_path / f"{kind}.xes", kind, wanted)

        traces = traces_of(tmp_path / f"{kind}.xes")
        steps, marked = net_in(tmp_path / f"{kind}.pnml")
        assert marked == {"start": 1}
        assert counted == (len(traces), await Entry.filter(record_kind=kind).count())
        for events in traces.values():
            moves = [event["concept:name"] for event in events]
            assert moves and fits(moves, steps)
            assert not fits(moves[1:], steps) and not fits([*moves, moves[0]], steps)
    assert len(traces_of(tmp_path / "case.xes")) == 4


async def test_a_whole_case_is_one_trace_in_the_order_of_its_history(database: str, tmp_path: Path) -> None:
    await a_busy_zone()

    await write_xes(tmp_path / "history.xes", "history", await scope())

    traces = traces_of(tmp_path / "history.xes")
    for case in await Case.all():
        told = await Entry.filter(subject_id=case.id).order_by("sequence")
        assert [event["concept:name"] for event in traces[case.number]] == [f"{e.record_kind}.{e.move}" for e in told]
        assert [event["identity:id"] for event in traces[case.number]] == [str(e.id) for e in told]
        assert [datetime.fromisoformat(event["time:timestamp"]) for event in traces[case.number]] == [
            each.at for each in told
        ]
        assert {event["org:resource"] for event in traces[case.number]} == {str(each.actor_id) for each in told}


async def test_a_log_of_a_period_holds_whole_courses_of_its_zones_alone(database: str, tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, 18, tzinfo=UTC)  # already the second of March in the offices
    with clock.stopped(start):
        parent = (await a_world("GX")).zone
        here, elsewhere = await a_world("GL", parent), await a_world("HB")
        early, theirs = await a_dispatched_case(here), await a_case(elsewhere)
    with clock.stopped(start + timedelta(days=1)):
        late = await a_case(here)
        await moved(here, here.companion, late, "edit", title="改", description="")
        await moved(here, here.land_liaison, await Responsibility.get(case_id=early.id), "sign")
    second = datetime(2026, 3, 2).date()

    for zone, since, until, expected in (
        (here.zone, None, None, {early.number: 3, late.number: 2}),
        (parent, None, second, {early.number: 3}),
        (here.zone, second + timedelta(days=1), None, {late.number: 2}),
        (None, None, second, {early.number: 3, theirs.number: 1}),
    ):
        await write_xes(tmp_path / "part.xes", "case", await scope(zone, since, until))
        found = {name: len(events) for name, events in traces_of(tmp_path / "part.xes").items()}
        assert found == expected


async def test_objects_and_events_are_all_of_the_history_and_refer_to_each_other(
    database: str, tmp_path: Path
) -> None:
    zone = await a_busy_zone()

    counted = await write_ocel(tmp_path / "log.json", await scope(zone))

    log = ocel_in(tmp_path / "log.json")
    objects = {each["id"]: each for each in log["objects"]}
    assert counted == (len(objects), len(log["events"]))
    told = Entry.exclude(zone_id=THE_STATE)
    assert {each["id"] for each in log["events"]} == {str(e.id) for e in await told}
    kinds = Counter(each["type"] for each in log["objects"])
    met = [record for record in FLOWS if record is not CalendarYear]  # the state's are of no zone
    assert kinds == {record.kind(): await record.all().count() for record in met if await record.exists()}
    for case in await Case.all():
        last = {each["name"]: each["value"] for each in objects[str(case.id)]["attributes"]}
        assert (last["state"], last["number"]) == (case.state.value, case.number)
        assert last["open_problems"] == str(case.open_problems)
        named = {each["qualifier"]: each["objectId"] for each in objects[str(case.id)]["relationships"]}
        assert (named["enterprise"], named["owner"]) == (str(case.enterprise_id), str(case.owner_id))
    returned = next(each for each in log["events"] if each["type"] == "responsibility.return")
    qualifiers = {each["qualifier"] for each in returned["relationships"]}
    assert {"moved", "within", "actor", "department"} <= qualifiers


def ocel_in(file: Path) -> dict[str, Any]:
    """An OCEL 2.0 file, after what its JSON schema asks for, and that every reference is to something in it."""
    log: dict[str, Any] = json.loads(file.read_text())
    assert set(log) == {"objectTypes", "eventTypes", "objects", "events"}
    declared: dict[str, dict[str, str]] = {}
    for each in (*log["objectTypes"], *log["eventTypes"]):
        assert set(each) == {"name", "attributes"} and each["name"] not in declared
        declared[each["name"]] = {one["name"]: one["type"] for one in each["attributes"]}
        assert set(declared[each["name"]].values()) <= OCEL_TYPES
    known = [each["id"] for each in log["objects"]]
    assert len(known) == len(set(known))
    for each in (*log["objects"], *log["events"]):
        assert isinstance(each["id"], str) and each["type"] in declared
        for said in each.get("attributes", ()):
            assert isinstance(said["value"], str) and said["name"] in declared[each["type"]]
        for related in each.get("relationships", ()):
            assert set(related) == {"objectId", "qualifier"} and related["objectId"] in known, related
    times = [each["time"] for each in log["events"]]
    times += [said["time"] for each in log["objects"] for said in each.get("attributes", ())]
    assert all(datetime.fromisoformat(each).tzinfo for each in times)
    return log


async def test_what_lies_outside_a_part_is_named_by_its_key_alone(database: str, tmp_path: Path) -> None:
    parent = await a_world("GX")
    world = await a_world("GL", parent.zone)
    above = await a_person(parent.zone, "GX分办员02", Role.DISPATCHER)
    case = await a_case(world)
    await moved(world, above, case, "submit")

    await write_ocel(tmp_path / "part.json", await scope(world.zone))

    objects = {each["id"]: each for each in ocel_in(tmp_path / "part.json")["objects"]}
    assert objects[str(above.id)] == {"id": str(above.id), "type": "person"}
    assert str(parent.companion.id) not in objects


async def test_no_personal_value_and_no_free_text_leaves_in_a_log(database: str, tmp_path: Path) -> None:
    await a_busy_zone()

    await write_xes(tmp_path / "a", "history", await scope())
    await write_xes(tmp_path / "b", "case", await scope())
    await write_ocel(tmp_path / "c", await scope())

    written = "".join((tmp_path / name).read_text() for name in "abc")
    assert [secret for secret in (*SECRETS, "commitment", "非本部门职责") if secret in written] == []


async def test_a_flow_that_is_not_there_is_named_with_those_that_are(database: str, tmp_path: Path) -> None:
    with refused("NO_SUCH_FLOW"):
        await write_xes(tmp_path / "log.xes", "cases", await scope())

    assert not (tmp_path / "log.xes").exists()


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.record.kind())
def test_the_same_flow_stands_in_every_kind_of_net(flow: Any, tmp_path: Path) -> None:
    name = flow.record.kind()
    write_nets(tmp_path, "pnml")
    write_nets(tmp_path, "bpmn")

    steps, _ = net_in(tmp_path / f"{name}.pnml")
    table = {(each["source"], each["trigger"], each["dest"]) for each in flow.table()}
    born = {("start", move.name, move.target.value) for move in flow.moves.values() if not move.source}
    assert steps == table | born | {(state.value, "", "end") for state in flow.states}
    assert steps_of_process(tmp_path / f"{name}.bpmn") == steps


def steps_of_process(file: Path) -> Steps:
    """A BPMN file's tasks as (state before, name, state after), everything in it drawn and told at both ends."""
    root = ElementTree.parse(file).getroot()
    process = root.find(f"{BPMN}process")
    assert process is not None
    sequence = process.iter(f"{BPMN}sequenceFlow")
    flows = {each.get("id"): (each.get("sourceRef"), each.get("targetRef")) for each in sequence}
    nodes = {each.get("id", ""): each for each in process if each.get("id") not in flows}
    for id, node in nodes.items():
        assert {each.text for each in node.iter(f"{BPMN}incoming")} == {f for f, ends in flows.items() if ends[1] == id}
        assert {each.text for each in node.iter(f"{BPMN}outgoing")} == {f for f, ends in flows.items() if ends[0] == id}
    drawn = [each.get("bpmnElement") for kind in ("Shape", "Edge") for each in root.iter(f"{DRAWN}BPMN{kind}")]
    assert sorted(map(str, drawn)) == sorted([*nodes, *map(str, flows)])

    def state(id: str | None) -> str:
        assert id
        return id.removeprefix("state_")

    found = {(state(source), "", state(target)) for source, target in flows.values() if f"{target}" == "state_end"}
    for id, node in nodes.items():
        if node.tag == f"{BPMN}task":
            ((source, _),) = [ends for ends in flows.values() if ends[1] == id]
            ((_, target),) = [ends for ends in flows.values() if ends[0] == id]
            found.add((state(source), node.get("name", ""), state(target)))
    return found


async def test_logs_and_nets_are_written_at_the_command_line(sqlite_url: str, tmp_path: Path) -> None:
    async with storage.opened(sqlite_url):
        await a_busy_zone()

    logged = await qiban(
        "audit", "export", "--format", "xes", "--zone", "GL", "--out", tmp_path / "log.xes", url=sqlite_url
    )
    nets = await qiban("flows", "--format", "bpmn", "--out", tmp_path / "nets")
    mixed = await qiban(
        "audit", "export", "--format", "ocel2", "--flow", "case", "--out", tmp_path / "x", url=sqlite_url
    )
    turned = await qiban(
        "audit", "export", "--format", "xes", "--from", "2026-02-01", "--until", "2026-01-01", "--out",
        tmp_path / "x", url=sqlite_url,
    )

    assert logged.code == 0 and "4 条轨迹" in logged.err
    assert len(traces_of(tmp_path / "log.xes")) == 4
    assert nets.code == 0 and (tmp_path / "nets" / "case.bpmn").exists()
    assert (mixed.code, turned.code) == (1, 1)
    assert "--flow 只用于 XES 格式。" in mixed.err and "起始日晚于截止日。" in turned.err
