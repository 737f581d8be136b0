"""The lines a script is written in: each a move of a case or of one of its lists, by the person whose move it is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain import clock
from domain.calendar import shipped
from domain.cases import ENDED, Case, Satisfaction
from domain.chains import ChainLink
from domain.consultations import Consultation
from domain.facts import FactStatus
from domain.outcomes import Outcome, OutcomeKind
from domain.problems import Problem, ProblemState
from domain.rectifications import Rectification, RectificationState
from domain.responsibilities import Part, Responsibility
from domain.supervisions import Supervision, SupervisionState
from domain.viewers import Viewer
from workflows.demo_zones import DISPATCHER, LEADER, liaison
from workflows.perform import create, perform
from workflows.scripts import Line, Showing


def the_companion(showing: Showing) -> UUID:
    assert showing.enterprise.companion_id is not None
    return showing.enterprise.companion_id


def the_dispatcher(showing: Showing) -> UUID:
    return showing.person(DISPATCHER)


def the_leader(showing: Showing) -> UUID:
    return showing.person(LEADER)


def the_liaison_of(department: str) -> Callable[[Showing], UUID]:
    return lambda showing: showing.person(liaison(department))


def collect(day: int) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        script = showing.script
        case = await create(
            viewer, Case, "collect", enterprise=showing.enterprise, title=script.title, description=script.description,
            category=script.category, channel=script.channel,
            problems=[{"description": each, "category": script.category} for each in script.problems],
        )
        showing.case_id = case.id

    return Line(day, "collect", the_companion, act)


def case_line(day: int, move: str, by: Callable[[Showing], UUID] = the_companion, **given: Any) -> Line:
    """A move of the case itself that asks for nothing from the zone."""
    return Line(day, move, by, lambda showing, viewer: showing.move(viewer, move, **given))


def dispatch(day: int, lead: str, *joint: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        places = showing.cast.departments
        offers = [{"department": places[lead], "part": Part.LEAD}]
        offers += [{"department": places[name], "part": Part.JOINT} for name in joint]
        await showing.move(viewer, "dispatch", offers=offers)

    return Line(day, f"dispatch {lead}", the_dispatcher, act)


def designate(day: int, department: str, reason: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        await showing.move(viewer, "designate", department=showing.cast.departments[department], reason=reason)

    return Line(day, f"designate {department}", the_leader, act)


def duty_line(day: int, move: str, department: str, **given: Any) -> Line:
    """A move of a department's newest responsibility, made by its liaison."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        await perform(viewer, Responsibility, (await showing.duty(department)).id, move, **given)

    return Line(day, f"{move} {department}", the_liaison_of(department), act)


def sign(day: int, department: str) -> Line:
    return duty_line(day, "sign", department)


def give_back(day: int, department: str, reason: str, basis: str) -> Line:
    return duty_line(day, "return", department, reason=reason, basis=basis)


def fix(day: int, department: str, due_in: int, *measures: str) -> Line:
    """三定: the liaison in person, `due_in` working days, the measures."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        due_on = shipped().add_working_days(clock.today().date(), due_in)
        await perform(
            viewer, Responsibility, (await showing.duty(department)).id, "fix",
            person=showing.cast.people[liaison(department)], due_on=due_on, measures=list(measures),
        )

    return Line(day, f"fix {department}", the_liaison_of(department), act)


def ask_extension(day: int, department: str, days: int, reason: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        duty = await showing.duty(department)
        assert duty.due_at is not None
        due_on = shipped().add_working_days(duty.due_at.astimezone(clock.OFFICE_ZONE).date(), days)
        await perform(viewer, Responsibility, duty.id, "ask_extension", due_on=due_on, reason=reason)

    return Line(day, f"ask_extension {department}", the_liaison_of(department), act)


def start(day: int, department: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        for measure in await _measures(showing, RectificationState.PLANNED, department):
            await perform(viewer, Rectification, measure.id, "start")

    return Line(day, f"start {department}", the_liaison_of(department), act)


def submit(day: int, department: str, result: str) -> Line:
    """Every measure of the department, each with the same result."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        for state in (RectificationState.PLANNED, RectificationState.UNDER_WAY):
            for measure in await _measures(showing, state, department):
                await perform(viewer, Rectification, measure.id, "submit", result=result)

    return Line(day, f"submit {department}", the_liaison_of(department), act)


def verify(day: int) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        for measure in await _measures(showing, RectificationState.SUBMITTED):
            await perform(viewer, Rectification, measure.id, "verify")

    return Line(day, "verify", the_companion, act)


def clear(day: int, resolution: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        for problem in await Problem.filter(case_id=showing.case_id, state=ProblemState.OPEN).order_by("id"):
            await perform(viewer, Problem, problem.id, "clear", resolution=resolution)

    return Line(day, "clear", the_companion, act)


def call_back(day: int, remark: str, satisfaction: Satisfaction | None = Satisfaction.SATISFIED) -> Line:
    return case_line(day, "call_back", satisfaction=satisfaction, remark=remark)


def reopen(day: int, reason: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        problems = await Problem.filter(case_id=showing.case_id, state=ProblemState.CLEARED)
        await showing.move(viewer, "reopen", reason=reason, problems=problems)

    return Line(day, "reopen", the_companion, act)


def merge(day: int, reason: str) -> Line:
    """Into the oldest open case of the same enterprise."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        others = Case.filter(enterprise_id=showing.enterprise.id).exclude(id=showing.case_id)
        into = (await others.exclude(state__in=ENDED).order_by("id").limit(1))[0]
        await showing.move(viewer, "merge", into=into, reason=reason)

    return Line(day, "merge", the_dispatcher, act)


def consult(day: int, place: str, parties: str, outcome: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        await create(
            viewer, Consultation, "record", within=await showing.case(), held_on=clock.today().date(),
            place=place, parties=parties, outcome=outcome,
        )

    return Line(day, "consult", the_companion, act)


def loan(day: int, yuan: int, source: str) -> Line:
    """The money came, on a day made up like all days of a script."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        await create(
            viewer, Outcome, "record", within=showing.enterprise, outcome_kind=OutcomeKind.LOAN, amount=Decimal(yuan),
            happened_on=clock.today().date(), case=await showing.case(), source=source, status=FactStatus.PRINTED,
        )

    return Line(day, "loan", the_companion, act)


def supervise(day: int, department: str, demand: str) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        place = showing.cast.departments[department]
        await create(viewer, Supervision, "order", within=await showing.case(), department=place, demand=demand)

    return Line(day, f"supervise {department}", the_leader, act)


def answer(day: int, department: str, text: str) -> Line:
    """To the latest demand; the leader accepts it."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        await perform(viewer, Supervision, await _demanded(showing, SupervisionState.DEMANDED), "answer", answer=text)

    return Line(day, f"answer {department}", the_liaison_of(department), act)


def accept(day: int) -> Line:
    async def act(showing: Showing, viewer: Viewer) -> None:
        await perform(viewer, Supervision, await _demanded(showing, SupervisionState.ANSWERED), "accept")

    return Line(day, "accept", the_leader, act)


def fill_level(day: int, title: str, name: str) -> Line:
    """The leader names who holds a level of the zone's chain."""

    async def act(showing: Showing, viewer: Viewer) -> None:
        link = await ChainLink.get(zone_id=showing.cast.zone.id, title=title, enterprise_id=None)
        await perform(viewer, ChainLink, link.id, "fill", title=title, person=showing.cast.people[name])

    return Line(day, f"fill {title}", the_leader, act)


async def _demanded(showing: Showing, state: SupervisionState) -> UUID:
    return (await Supervision.filter(case_id=showing.case_id, state=state).order_by("-id").limit(1))[0].id


async def _measures(
    showing: Showing, state: RectificationState, department: str | None = None
) -> list[Rectification]:
    found = Rectification.filter(case_id=showing.case_id, state=state).order_by("id")
    return await (found.filter(department_id=showing.cast.departments[department].id) if department else found)
