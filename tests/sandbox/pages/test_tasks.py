"""A manager's day."""

import pytest

from kommo_sync.sandbox.account.records import Task
from tests.sandbox.hands import DAY, HOUR, NOON, Shopfloor, part


@pytest.fixture
def floor() -> Shopfloor:
    return Shopfloor()


def section(floor: Shopfloor, key: str, user_id: int | None = None) -> str:
    """Return what one part of the manager's day says."""
    page = floor.page(f"/tasks?user={user_id or floor.manager.id}")
    return part(page, f'aria-labelledby="{key}">', "</section>")


@pytest.mark.parametrize(
    ("after", "key"),
    [
        (-60, "overdue"),
        (0, "today"),
        (12 * HOUR - 1, "today"),
        (12 * HOUR, "upcoming"),
        (-2 * DAY, "overdue"),
    ],
)
def test_a_task_stands_in_the_part_of_the_day_of_the_account_s_zone(floor, after, key):
    floor.human.task("Call Ann", NOON + after)
    others = {"overdue", "today", "upcoming", "done"} - {key}
    assert "Call Ann" in section(floor, key)
    assert not any("Call Ann" in section(floor, other) for other in others)


@pytest.mark.parametrize(
    ("timezone", "key"), [("Asia/Tokyo", "today"), ("America/New_York", "upcoming")]
)
def test_the_same_moment_is_today_in_tokyo_and_tomorrow_in_new_york(timezone, key):
    floor = Shopfloor(timezone=timezone)
    floor.human.task("Call Ann", NOON + 22 * HOUR)
    assert "Call Ann" in section(floor, key)


def test_a_day_of_a_clock_change_ends_at_midnight(floor):
    floor.clock.advance(1_793_540_000 - NOON)  # 1 Nov 2026, 08:33: 25 hours
    floor.human.task("Late", 1_793_595_540)  # 23:59
    floor.human.task("Next", 1_793_595_600)
    assert "Late" in section(floor, "today")
    assert "Next" in section(floor, "upcoming")


def test_a_finished_task_shows_its_result_today_and_not_tomorrow(floor):
    task = floor.ours.task("Call Ann", NOON, responsible_user_id=floor.manager.id)
    floor.human.finish(task, "1 bought")
    done = section(floor, "done")
    assert "Result: 1 bought" in done
    assert "finished 21 Sep 2026, 12:00" in done
    floor.clock.advance(DAY)
    assert "Call Ann" not in section(floor, "done")


@pytest.mark.parametrize(
    ("hand", "badge"),
    [
        ("human", "Written by Daniel O'Connor (human), 21 Sep 2026, 12:00"),
        ("ours", "Written by Your integration (your integration)"),
        ("foreign", "Written by Newsletter (integration)"),
        ("robot", "Written by Robot (robot)"),
    ],
)
def test_a_task_tells_who_made_it(floor, hand, badge):
    maker = getattr(floor, hand)
    maker.task("Call", NOON, responsible_user_id=floor.manager.id)
    assert badge in section(floor, "today")


@pytest.mark.parametrize("by_robot", [True, False])
def test_a_task_without_a_mark_is_told_by_its_user(floor, by_robot):
    maker = 0 if by_robot else floor.owner.id
    task = Task(
        id=1,
        text="Old",
        complete_till=NOON,
        responsible_user_id=floor.manager.id,
        created_by=maker,
    )
    floor.state.data.tasks[1] = task
    badge = "Written by robot" if by_robot else "Written by Olivia Brandt (human)"
    assert badge in section(floor, "today")


def test_a_task_leads_to_its_card(floor):
    lead = floor.human.make("leads", name="Reorder")
    floor.human.task("Call", NOON, entity_type="leads", entity_id=lead)
    page = floor.page(f"/tasks?user={floor.manager.id}")
    assert f'<a href="/leads/{lead}"><bdi>Reorder</bdi></a>' in page


def test_without_a_user_the_day_is_that_of_who_has_most_to_do(floor):
    other = floor.owner
    for number in range(2):
        floor.human.task(f"Call {number}", NOON, responsible_user_id=other.id)
    floor.human.task("Call", NOON)
    assert "Tasks of Olivia Brandt" in floor.words("/tasks")
    assert "Tasks of Olivia Brandt" in floor.words("/tasks?user=99")


def test_a_manager_sees_no_task_of_another(floor):
    floor.human.task("Call Ann", NOON, responsible_user_id=floor.owner.id)
    assert "Call Ann" not in section(floor, "today")
    assert "Call Ann" in section(floor, "today", floor.owner.id)


def test_tasks_of_somebody_who_left_can_still_be_seen(floor):
    floor.human.task("Call Ann", NOON)
    floor.manager.is_active = False
    assert "Tasks of Daniel O'Connor" in floor.words(f"/tasks?user={floor.manager.id}")


def test_a_long_part_of_the_day_leads_to_all_of_it(floor):
    for number in range(103):
        floor.human.task(f"Task {number:03}", NOON - DAY + number)
    short = section(floor, "overdue")
    assert "Task 039" in short
    assert "Task 040" not in short
    path = f"/tasks?user={floor.manager.id}&section=overdue"
    assert f'href="{path.replace("&", "&amp;")}"' in floor.page("/tasks")
    assert "Task 102" in floor.words(f"{path}&page=2")
