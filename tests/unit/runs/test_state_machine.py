import re
from pathlib import Path

import pytest

from apps.runs import state_machine
from apps.runs.enums import TYPE_OF, RunState, StateType
from apps.runs.state_machine import (
    EXECUTING,
    FINISHED,
    LEGAL,
    UNFINISHED,
    UNSTARTED,
    UNSUCCESSFUL,
    WAITING,
    is_legal,
    may_cancel,
    sources_of,
    state_when_cancelled,
)

README = Path(state_machine.__file__).with_name("README.md")
S = RunState


def test_every_state_stands_in_the_table_and_has_a_type():
    assert set(LEGAL) == set(RunState) == set(TYPE_OF)
    assert set(TYPE_OF.values()) == set(StateType)


def test_the_diagram_of_the_readme_is_the_table():
    drawn = {}
    for source, targets in re.findall(r"^([A-Z_]+) →(.*)$", README.read_text(), re.MULTILINE):
        drawn[RunState(source)] = frozenset(RunState(target) for target in targets.split())

    assert drawn == LEGAL


@pytest.mark.parametrize("state", [S.COMPLETED, S.CACHED, S.SKIPPED])
def test_success_is_final(state):
    assert LEGAL[state] == frozenset()


@pytest.mark.parametrize("state", sorted(FINISHED - {S.COMPLETED, S.CACHED, S.SKIPPED}))
def test_a_failure_only_leads_to_another_attempt(state):
    assert LEGAL[state] == {S.AWAITING_RETRY}


@pytest.mark.parametrize("state", sorted(EXECUTING - {S.CANCELLING}))
def test_whatever_executes_can_crash_and_can_be_asked_to_stop(state):
    assert is_legal(state, S.CRASHED)
    assert is_legal(state, S.CANCELLING)


def test_sources_are_the_table_read_backwards():
    for target in RunState:
        assert sources_of(target) == {source for source in RunState if target in LEGAL[source]}


def test_the_groups_fit_together():
    assert set(RunState) == FINISHED | UNFINISHED
    assert not FINISHED & UNFINISHED
    assert WAITING < UNSTARTED < UNFINISHED
    assert UNSUCCESSFUL < FINISHED
    assert {
        S.PENDING,
        S.RUNNING,
        S.RETRYING,
        S.PAUSED,
        S.AWAITING_APPROVAL,
        S.CANCELLING,
    } == EXECUTING


@pytest.mark.parametrize("state", sorted(RunState))
def test_cancelling_always_leads_somewhere_legal(state):
    if may_cancel(state):
        assert is_legal(state, state_when_cancelled(state))
    else:
        assert state in FINISHED | {S.CANCELLING}
