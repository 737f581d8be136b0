"""What the clock does when time passes: it reminds, tells what is overdue, and sends it up the chain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from domain import clock
from domain.cases import Case
from domain.chains import ChainLink
from domain.deadlines import Light, light_of
from domain.history import Entry
from domain.notices import Notice
from domain.responsibilities import Responsibility
from domain.viewers import CLOCK, OPERATOR, Role
from domain.zones import Setting, Zone, rules_of
from tests.proofs import assert_whole, moved, refused
from tests.test_deadlines import MONDAY, a_rule, at, handled_until, night_of
from tests.world import a_case, a_person, a_world, a_zone, the_responsibility
from workflows.perform import create, perform
from workflows.presets import PRACTICES, Preset
from workflows.timers import fire_next


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


async def as_time_passes(until: datetime) -> list[tuple[str, str]]:
    """Every move the clock makes up to an instant, all in one go, in the order it makes them."""
    known = {each.id for each in await Entry.all()}
    with clock.stopped(until):
        while await fire_next(set()):
            pass
    made = [each for each in await Entry.filter(actor_id=CLOCK.person_id).order_by("id") if each.id not in known]
    return [(each.record_kind, each.move) for each in made]


async def test_who_is_near_due_is_reminded_once_and_who_is_late_is_told_once(database: str, monday: None) -> None:
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 10))

    assert await as_time_passes(at(9)) == []
    assert sorted(await as_time_passes(at(10))) == [("case", "remind"), ("responsibility", "remind")]
    assert await as_time_passes(at(10, 20)) == []
    assert sorted(await as_time_passes(at(11))) == [("case", "overdue"), ("responsibility", "overdue")]
    assert await as_time_passes(at(31)) == []

    duty = await the_responsibility(case)
    told = [each.person_id for each in await Notice.filter(record_id=duty.id, move="overdue")]
    assert {world.land_liaison.id, world.companion.id, world.dispatcher.id} <= set(told)
    await assert_whole()


async def test_no_reminder_comes_while_the_clock_stands_still(database: str, monday: None) -> None:
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 4))
    await moved(world, world.dispatcher, case, "pause", reason="待上级批复")

    assert await as_time_passes(at(20)) == []
    with clock.stopped(at(20)):
        await moved(world, world.companion, case, "resume", reason="已批复")

    assert ("responsibility", "remind") in await as_time_passes(at(24))


async def test_an_extension_moves_the_reminder_too(database: str, monday: None) -> None:
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 10))
    duty = await the_responsibility(case)
    await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 20), reason="等批复")
    await moved(world, world.leader, duty, "grant_extension")

    assert await as_time_passes(at(18)) == []
    assert ("responsibility", "remind") in await as_time_passes(at(20))


async def test_nobody_but_the_clock_reminds_and_only_when_it_is_time(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await handled_until(world, date(2026, 3, 10)))

    with refused("NOT_ALLOWED"):
        await moved(world, world.dispatcher, duty, "remind")
    with refused("NOT_NEAR"):
        await perform(CLOCK, Responsibility, duty.id, "remind")
    with refused("NOT_OVERDUE"):
        await perform(CLOCK, Responsibility, duty.id, "overdue")


async def test_what_stays_overdue_climbs_the_chain_level_by_level(database: str, monday: None) -> None:
    world = await a_world()
    section = await a_person(world.zone, "GL科长", Role.LEADER)
    for level, title, person in ((1, "园区科", section), (2, "分管领导", None), (3, "主要领导", world.leader)):
        await create(OPERATOR, ChainLink, "add", within=world.zone, level=level, title=title, person=person)
    await a_rule(world, "escalate_after", "1wd")
    case = await handled_until(world, date(2026, 3, 4))

    assert ("case", "escalate_overdue") not in await as_time_passes(at(5))
    assert ("case", "escalate_overdue") in await as_time_passes(at(6))
    assert (await Case.get(id=case.id)).escalated_to_id == section.id
    assert (section.id, True) in await Notice.filter(move="escalate_overdue").values_list("person_id", "asked")
    assert ("case", "escalate_overdue") in await as_time_passes(at(10))
    assert (await Case.get(id=case.id)).escalated_to_id == world.leader.id
    assert await as_time_passes(at(31)) == []
    await assert_whole()


async def test_what_is_no_longer_overdue_climbs_no_further(database: str, monday: None) -> None:
    world = await a_world()
    await create(OPERATOR, ChainLink, "add", within=world.zone, level=1, title="园区科", person=world.leader)
    await a_rule(world, "escalate_after", "2wd")
    case = await a_case(world)
    await as_time_passes(at(4))

    with clock.stopped(at(4)):
        await moved(world, world.companion, case, "contact")

    assert (await Case.get(id=case.id)).escalate_at is None
    assert await as_time_passes(at(31)) == []


async def test_a_preset_sets_its_rules_at_once_each_with_its_source(database: str, monday: None) -> None:
    world = await a_world()
    today = clock.today().date()
    with refused("NOT_ALLOWED"):
        await moved(world, world.leader, world.zone, "apply_preset", preset="2115", holds_from=today)

    await moved(world, world.administrator, world.zone, "apply_preset", preset="2115", holds_from=today)

    set_now = {each.name: each for each in await Setting.filter(zone_id=world.zone.id)}
    practice = PRACTICES[Preset.SHANDONG_2115]
    assert {name: each.value for name, each in set_now.items()} == {
        name: f'"{value}"' for name, value in practice.rules.items()
    }
    assert {(each.source, each.author_id) for each in set_now.values()} == {
        (practice.source, world.administrator.id)
    }
    entries = await Entry.filter(subject_id=world.zone.id, record_kind="setting")
    assert {each.record_id for each in entries} == {each.id for each in set_now.values()}
    assert (await a_case(world)).due_at == MONDAY + timedelta(hours=2)
    with refused("SET_ALREADY"):
        await moved(world, world.administrator, world.zone, "apply_preset", preset="2115", holds_from=today)


async def test_a_preset_is_taken_over_another_and_withdrawn_again(database: str, monday: None) -> None:
    world = await a_world()
    today = clock.today().date()
    await a_rule(world, "handle", "20wd")
    before = await rules_of(world.zone.id, today)
    for preset in ("2115", "13710"):
        await moved(world, world.administrator, world.zone, "apply_preset", preset=preset, holds_from=today)
    with refused("NOT_IN_USE"):
        await moved(world, world.administrator, world.zone, "withdraw_preset", preset="beijing", holds_from=today)
    both = await rules_of(world.zone.id, today)
    assert [both[name] for name in ("first_contact", "dispatch", "fix", "handle")] == ["2h", "1d", "3d", "7d"]

    with clock.stopped(at(4)):
        tomorrow = date(2026, 3, 5)
        for preset in ("13710", "2115"):
            await moved(world, world.administrator, world.zone, "withdraw_preset", preset=preset, holds_from=tomorrow)

    assert await rules_of(world.zone.id, date(2026, 3, 4)) == both
    assert await rules_of(world.zone.id, tomorrow) == {**before, "handle": None}
    told = await Entry.filter(subject_id=world.zone.id, record_kind="setting").order_by("sequence")
    assert [each.move for each in told].count("amend") == 4
    await assert_whole()


async def test_a_rule_is_amended_until_it_has_held_for_a_day(database: str, monday: None) -> None:
    world = await a_world()
    rule = await a_rule(world, "first_contact", "2h")
    case = await a_case(world)
    with refused("NOT_ALLOWED"):
        await moved(world, world.leader, rule, "amend", value="12h", source="更正")
    with refused("BAD_INPUT"):
        await moved(world, world.administrator, rule, "amend", value="0h", source="更正")

    amended = await moved(world, world.administrator, rule, "amend", value="12h", source="更正")

    assert (amended.value, amended.source, amended.author_id) == ('"12h"', "更正", world.administrator.id)
    assert (await Case.get(id=case.id)).due_at == MONDAY + timedelta(hours=2)
    assert (await a_case(world)).due_at == MONDAY + timedelta(hours=12)
    hours = await a_rule(world, "office_hours", "09:00-17:00")
    with refused("IN_FORCE"):
        await moved(world, world.administrator, hours, "amend", value="10:00-16:00", source="更正")
    with clock.stopped(at(3)), refused("IN_FORCE"):
        await moved(world, world.administrator, rule, "amend", value="1h", source="更正")


async def test_every_preset_can_be_taken_over(database: str, monday: None) -> None:
    for number, preset in enumerate(Preset):
        zone = await a_zone(f"Z{number}")

        await perform(OPERATOR, Zone, zone.id, "apply_preset", preset=preset, holds_from=clock.today().date())

        assert await Setting.filter(zone_id=zone.id).count() == len(PRACTICES[preset].rules)


@pytest.mark.parametrize(
    ("value", "told"), [("0wd", "from 1 to 750wd"), ("3650d", "from 1 to 1095d"), ("3x", "write 3wd"), ("", "required")]
)
async def test_a_limit_of_nothing_or_of_ten_years_is_refused(database: str, value: str, told: str) -> None:
    world = await a_world()

    with pytest.raises(Exception, match=told):
        await a_rule(world, "handle", value)


async def test_a_limit_can_be_taken_back_where_none_need_hold(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "first_contact", "none")

    assert (await a_case(world)).due_at is None
    with refused("BAD_INPUT"):
        await a_rule(world, "return_window", "none")


async def test_what_was_overdue_before_its_clock_stopped_stays_red(database: str, monday: None) -> None:
    world = await a_world()
    late, early = await handled_until(world, date(2026, 3, 4)), await handled_until(world, date(2026, 3, 6))
    with clock.stopped(at(5)):
        for case in (late, early):
            await moved(world, world.dispatcher, case, "pause", reason="待上级批复")

    lights = {key: light_of(await Case.get(id=key), at(20)) for key in (late.id, early.id)}

    assert lights == {late.id: Light.RED, early.id: Light.GREY}
    duty = await the_responsibility(late)
    assert light_of(duty, at(20)) is Light.RED
    with clock.stopped(at(20)):
        for case in (late, early):
            await moved(world, world.companion, case, "resume", reason="已批复")
    assert (await the_responsibility(late)).red_at == duty.red_at == night_of(4)
    await assert_whole()
