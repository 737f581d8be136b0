"""The flows as workflow nets, for conformance checkers: PNML (ISO/IEC 15909-2) and BPMN 2.0 with its diagram.

A place is a state, a transition a move from it, named as the move is in event logs. From every state a silent
transition leads to the end: a history may be read at any time. One token in `start` makes one record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from workflows.flow import Flow, Move
from workflows.timetable import FLOWS

START, END = "start", "end"
ACROSS, DOWN = 220, 110


@dataclass(frozen=True)
class Arrow:
    """A transition: from a place to a place; `move` is None for the silent one with which a record is left there."""

    source: str
    target: str
    move: Move | None

    @property
    def id(self) -> str:
        return f"{self.move.name if self.move else 'left'}.{self.source}"


@dataclass(frozen=True)
class Net:
    """A flow as states and arrows; `places` has the Chinese word of each state."""

    flow: Flow
    places: dict[str, str]
    arrows: tuple[Arrow, ...]

    @property
    def name(self) -> str:
        return self.flow.record.kind()


def net_of(flow: Flow) -> Net:
    states = {state.value: state.zh for state in flow.states}
    arrows = [
        Arrow(source.value, (move.target or source).value, move)
        for move in flow.moves.values()
        for source in move.source
    ]
    created = [
        Arrow(START, move.target.value, move) for move in flow.moves.values() if not move.source and move.target
    ]
    left = [Arrow(state, END, None) for state in states]
    return Net(flow, states, (*created, *arrows, *left))


def write_nets(folder: Path, form: str) -> list[Path]:
    """A file for every flow, named after its kind of record. `form` is pnml or bpmn. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    print_net = {"pnml": pnml, "bpmn": bpmn}[form]
    written = []
    for net in sorted(map(net_of, FLOWS.values()), key=lambda net: net.name):
        written.append(folder / f"{net.name}.{form}")
        written[-1].write_text(print_net(net), encoding="utf-8")
    return written


def pnml(net: Net) -> str:
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<pnml xmlns="http://www.pnml.org/version-2009/grammar/pnml">',
        f'<net id={quoteattr(net.name)} type="http://www.pnml.org/version-2009/grammar/ptnet">',
        f"<name><text>{escape(net.flow.zh)} {escape(net.flow.en)}</text></name>",
        '<page id="page">',
        f'<place id="{START}"><name><text>{START}</text></name><initialMarking><text>1</text></initialMarking></place>',
        *(f'<place id="{state}"><name><text>{state}</text></name></place>' for state in (*net.places, END)),
        *(_transition(arrow) for arrow in net.arrows),
        *(
            f'<arc id="{arrow.id}.{way}" source="{source}" target="{target}"/>'
            for arrow in net.arrows
            for way, source, target in (("in", arrow.source, arrow.id), ("out", arrow.id, arrow.target))
        ),
        "</page>",
        # Beside the standard, which knows no final marking: ProM wrote it first, others read it.
        f'<finalmarkings><marking><place idref="{END}"><text>1</text></place></marking></finalmarkings>',
        "</net>", "</pnml>", "",
    ])


def _transition(arrow: Arrow) -> str:
    if arrow.move:
        return f'<transition id="{arrow.id}"><name><text>{arrow.move.name}</text></name></transition>'
    # As ProM writes it and others read it: the standard itself has no silent transitions.
    silent = '<toolspecific tool="ProM" version="6.4" activity="$invisible$"/>'
    return f'<transition id="{arrow.id}"><name><text>{arrow.id}</text></name>{silent}</transition>'


@dataclass(frozen=True)
class Shape:
    """A node of a BPMN process and where it is drawn."""

    element: str
    id: str
    name: str
    x: int
    y: int
    width: int
    height: int

    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


def bpmn(net: Net) -> str:
    """States are exclusive gateways, moves tasks named as in event logs, with the Chinese word as documentation."""
    shapes = {shape.id: shape for shape in _shapes(net)}
    flows = [
        (f"f{place}", source, target)
        for place, (source, target) in enumerate(pair for arrow in net.arrows for pair in _steps(arrow))
    ]
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
        ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
        ' id="definitions" targetNamespace="urn:qiban:flows">',
        f'<process id="process" name={quoteattr(net.flow.zh)} isExecutable="false">',
        *(_node(shape, flows, net) for shape in shapes.values()),
        *(f'<sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}"/>' for id, source, target in flows),
        "</process>",
        '<bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="process">',
        *map(_drawn, shapes.values()),
        *(
            f'<bpmndi:BPMNEdge id="{id}_edge" bpmnElement="{id}">'
            + "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in (shapes[s].middle(), shapes[t].middle()))
            + "</bpmndi:BPMNEdge>"
            for id, s, t in flows
        ),
        "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>", "</definitions>", "",
    ])


def _steps(arrow: Arrow) -> Iterator[tuple[str, str]]:
    """The sequence flows of an arrow: through the task, where it has one."""
    source, target = _node_id(arrow.source), _node_id(arrow.target)
    if arrow.move:
        yield from ((source, _task(arrow)), (_task(arrow), target))
    else:
        yield source, target


def _node_id(place: str) -> str:
    return f"state_{place}"


def _task(arrow: Arrow) -> str:
    return f"move_{arrow.id}"


def _shapes(net: Net) -> Iterator[Shape]:
    """States in a column each, from left to right, the moves that leave one below it."""
    columns = [START, *net.places, END]
    yield Shape("startEvent", _node_id(START), START, 0, 0, 36, 36)
    for column, (state, zh) in enumerate(net.places.items(), 1):
        yield Shape("exclusiveGateway", _node_id(state), zh, column * ACROSS, 0, 50, 50)
    yield Shape("endEvent", _node_id(END), END, (len(columns) - 1) * ACROSS, 0, 36, 36)
    below = dict.fromkeys(columns, 0)
    for arrow in net.arrows:
        if arrow.move:
            below[arrow.source] += 1
            x, y = columns.index(arrow.source) * ACROSS, below[arrow.source] * DOWN
            yield Shape("task", _task(arrow), arrow.move.name, x, y, 130, 70)


def _node(shape: Shape, flows: list[tuple[str, str, str]], net: Net) -> str:
    said = ""
    if shape.element == "task":
        said = f"<documentation>{escape(net.flow.moves[shape.name].zh)}</documentation>"
    ends = [f"<incoming>{id}</incoming>" for id, _, target in flows if target == shape.id]
    ends += [f"<outgoing>{id}</outgoing>" for id, source, _ in flows if source == shape.id]
    return f'<{shape.element} id="{shape.id}" name={quoteattr(shape.name)}>{said}{"".join(ends)}</{shape.element}>'


def _drawn(shape: Shape) -> str:
    marker = ' isMarkerVisible="true"' if shape.element == "exclusiveGateway" else ""
    return (
        f'<bpmndi:BPMNShape id="{shape.id}_shape" bpmnElement="{shape.id}"{marker}><dc:Bounds x="{shape.x}"'
        f' y="{shape.y}" width="{shape.width}" height="{shape.height}"/></bpmndi:BPMNShape>'
    )
