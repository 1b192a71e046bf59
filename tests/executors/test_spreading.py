"""Which run of a plan begins when, and what becomes of the others where one fails or dies."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from repro.errors import StoreError
from repro.executors.spreading import Ended, spread
from repro.plans.planned import PlannedRun
from repro.plans.watch import Silent
from repro.records.store import Store
from repro.run import Attempt, Course
from support.quick_runs import plan, planned


class FakePool:
    """Makes runs in this process, when it is waited for; `dying` names lose their process."""

    def __init__(self, course: Course, room: int = 2, dying: Sequence[str] = ()) -> None:
        self.course, self.room, self.dying = course, room, list(dying)
        self.going: list[PlannedRun] = []
        self.beside: list[set[str]] = []
        """what went on at each waiting"""
        self.closed = False

    def has_room(self, one: PlannedRun) -> bool:
        assert one.run is not None
        if any(other.run and other.run.resources.alone for other in self.going):
            return False
        return not self.going if one.run.resources.alone else len(self.going) < self.room

    def begin(self, one: PlannedRun) -> None:
        self.going.append(one)

    def ended(self, seconds: float) -> Sequence[Ended]:
        self.beside.append({one.name for one in self.going})
        one = self.going.pop(0)
        if one.name in self.dying:
            self.dying.remove(one.name)
            return [Ended(one, None)]
        return [Ended(one, self.course.made(one))]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(Store(tmp_path / "records"), Silent())


def test_a_run_waits_for_what_it_needs_and_others_go_on_meanwhile(course: Course) -> None:
    first, other = planned("first"), planned("other")
    last = planned("last", first)
    pool = FakePool(course)
    spread(plan([first, last, other]), course, pool)
    assert pool.beside == [{"first", "other"}, {"other", "last"}, {"last"}] and pool.closed
    assert len(course.records) == 3 and not course.failed


def test_what_takes_the_machine_goes_on_beside_nothing(course: Course) -> None:
    runs = [planned("a"), planned("timing", alone=True), planned("b"), planned("c")]
    pool = FakePool(course)
    spread(plan(runs), course, pool)
    assert pool.beside == [{"a", "b"}, {"b", "c"}, {"c"}, {"timing"}]


def test_what_needs_a_run_that_failed_fails_by_the_same_and_the_others_are_made(
    course: Course,
) -> None:
    failing = planned("fail")
    spread(plan([failing, planned("last", failing), planned("other")]), course, FakePool(course))
    assert len(course.records) == 1 and len(course.failed) == 2
    (reason,) = {str(error) for error in course.failed.values()}
    assert reason == "fail failed: it cannot be done."


def test_a_run_whose_process_dies_is_made_again_and_fails_if_it_dies_again(course: Course) -> None:
    pool = FakePool(course, dying=["once", "twice", "twice"])
    spread(plan([planned("once"), planned("twice"), planned("other")]), course, pool)
    assert {record.spec["name"] for record in course.records.values()} == {"once", "other"}
    (failure,) = course.failed.values()
    assert str(failure) == "twice failed: its process died twice (out of memory?)."


def test_one_run_for_several_cells_is_made_once(course: Course) -> None:
    pool = FakePool(course)
    spread(plan([planned("same"), planned("same")]), course, pool)
    assert pool.beside == [{"same"}] and len(list(course.store.files())) == 1


def test_a_store_that_cannot_be_written_ends_all_and_the_pool_is_closed(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = FakePool(course)
    monkeypatch.setattr(course, "made", lambda one: Attempt(error=StoreError("full")))
    with pytest.raises(StoreError, match="full"):
        spread(plan([planned("a"), planned("b")]), course, pool)
    assert pool.closed
