"""Going round the workspaces: every one gets its turn, whatever another one's trouble."""

import uuid

import pytest
from django.db import OperationalError

from workers.rounds import AGAIN_AFTER_SECONDS, Apart, Rounds, Took

HERE, THERE = uuid.uuid4(), uuid.uuid4()


class Places:
    """Steps in workspaces, and what each of them makes of it."""

    def __init__(self, outcomes):
        self.outcomes = outcomes
        self.visited = []
        self.now = 0.0
        self.rounds = Rounds(
            done="rounds.done", failed="rounds.failed", step=self.step, clock=lambda: self.now
        )

    def step(self, workspace_id):
        self.visited.append(workspace_id)
        outcome = self.outcomes[workspace_id]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def go(self):
        return self.rounds.go([HERE, THERE])


def took(*, again):
    return Took(counts={"events": 3}, again=again)


@pytest.mark.parametrize(
    ("here", "there", "again"),
    [
        (took(again=False), took(again=False), False),
        (took(again=True), took(again=False), True),
        (None, None, False),
        (None, took(again=True), True),
    ],
    ids=["all done", "more in one", "in other hands", "more where nobody is"],
)
def test_it_goes_on_at_once_while_there_is_more_anywhere(here, there, again):
    places = Places({HERE: here, THERE: there})

    assert places.go() is again
    assert sorted(places.visited) == sorted([HERE, THERE])


def test_a_workspace_with_a_bug_waits_and_the_other_does_not():
    places = Places({HERE: KeyError("a bug of ours"), THERE: took(again=True)})

    assert [places.go(), places.go()] == [True, True]
    places.now = AGAIN_AFTER_SECONDS
    places.outcomes[HERE] = took(again=True)
    places.go()
    places.go()

    assert places.visited.count(THERE) == 4
    assert places.visited.count(HERE) == 3  # once in vain, not in the second round, then each time


def test_weather_is_left_to_the_loop():
    places = Places({HERE: OperationalError("gone"), THERE: OperationalError("gone")})

    with pytest.raises(OperationalError):
        places.go()

    places.outcomes = {HERE: took(again=False), THERE: took(again=False)}
    places.visited.clear()
    places.go()
    assert len(places.visited) == 2  # nobody is made to wait for it


def test_steps_apart_rest_after_a_failure_and_then_no_more():
    now = [0.0]
    apart = Apart(failed="apart.failed", subject="backfill_id", clock=lambda: now[0])

    assert apart.take(HERE, lambda id_: 1 / 0) is None
    assert apart.take(THERE, lambda id_: id_) == THERE
    assert apart.resting() == {HERE}

    now[0] = AGAIN_AFTER_SECONDS
    assert apart.resting() == set()
