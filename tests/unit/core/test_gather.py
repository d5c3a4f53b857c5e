"""Gathering: alone when there is nobody, together under load, each with their own reply."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from apps.core import gather
from apps.core.gather import Gatherer

HERE, THERE = UUID(int=1), UUID(int=2)
TIME = 10


class Store:
    """Stores what it is given; holds its first request until `open` is called."""

    def __init__(self, *, together_works=True):
        self.alone_calls = []
        self.together_calls = []
        self.at_work = threading.Event()
        self._gate = threading.Event()
        self._together_works = together_works

    def alone(self, request):
        self.alone_calls.append(request)
        if request == "first":
            self.at_work.set()
            assert self._gate.wait(TIME)
        if request == "bad":
            raise ValueError(request)
        return f"reply to {request}"

    def together(self, requests):
        self.together_calls.append(list(requests))
        if self._together_works == "dies":
            raise RuntimeError("died")
        return [f"reply to {request}" for request in requests] if self._together_works else None

    def open(self):
        self._gate.set()


def behind_the_first(store, requests):
    """Submit requests while the first is being stored, and return the results of all."""
    gatherer = Gatherer(alone=store.alone, together=store.together)
    with ThreadPoolExecutor(len(requests) + 1) as pool:
        first = pool.submit(gatherer.submit, HERE, "first")
        assert store.at_work.wait(TIME)
        others = [pool.submit(gatherer.submit, HERE, request) for request in requests]
        while sum(map(len, _waiting(gatherer))) < len(requests):
            threading.Event().wait(0.001)
        store.open()
        results = [first, *others]
        for result in results:
            result.exception(TIME)
    assert not gatherer._last
    return results


def _waiting(gatherer):
    group = gatherer._last.get(HERE)
    while group is not None and group.requests != ["first"]:
        yield group.requests
        group = group.before


def test_a_lone_request_is_stored_at_once():
    store = Store()
    gatherer = Gatherer(alone=store.alone, together=store.together)

    assert gatherer.submit(HERE, "only") == "reply to only"
    assert (store.alone_calls, store.together_calls) == (["only"], [])


def test_those_who_come_meanwhile_are_stored_together():
    store = Store()

    results = behind_the_first(store, ["a", "b", "c"])

    assert [each.result() for each in results] == [
        "reply to first",
        "reply to a",
        "reply to b",
        "reply to c",
    ]
    assert [sorted(call) for call in store.together_calls] == [["a", "b", "c"]]
    assert store.alone_calls == ["first"]


def test_one_who_comes_meanwhile_is_stored_alone():
    store = Store()

    behind_the_first(store, ["a"])

    assert (store.alone_calls, store.together_calls) == (["first", "a"], [])


@pytest.mark.parametrize("trouble", [False, "dies"])
def test_when_together_fails_each_is_stored_alone(trouble):
    store = Store(together_works=trouble)

    results = behind_the_first(store, ["a", "b", "bad"])

    outcomes = [each.exception() or each.result() for each in results]
    assert outcomes[0] == "reply to first"
    failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    # The leader of a group that died passes the error on; nobody else suffers for it.
    assert len(failed) <= (2 if trouble == "dies" else 1)
    assert len([o for o in outcomes if isinstance(o, str)]) == 4 - len(failed)


def test_a_group_has_an_end(monkeypatch):
    monkeypatch.setattr(gather, "MOST", 2)
    store = Store()

    results = behind_the_first(store, ["a", "b", "c", "d"])

    assert [each.result() for each in results][1:] == [f"reply to {name}" for name in "abcd"]
    assert [len(call) for call in store.together_calls] == [2, 2]


def test_workspaces_do_not_wait_for_each_other():
    store = Store()
    gatherer = Gatherer(alone=store.alone, together=store.together)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gatherer.submit, HERE, "first")
        assert store.at_work.wait(TIME)

        assert gatherer.submit(THERE, "elsewhere") == "reply to elsewhere"

        store.open()
        assert first.result(TIME) == "reply to first"


def test_a_refusal_frees_the_way():
    store = Store()
    gatherer = Gatherer(alone=store.alone, together=store.together)

    with pytest.raises(ValueError, match="bad"):
        gatherer.submit(HERE, "bad")

    assert gatherer.submit(HERE, "good") == "reply to good"


def test_many_threads_each_get_their_own_reply():
    store = Store()
    gatherer = Gatherer(alone=store.alone, together=store.together)
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda n: gatherer.submit(HERE, n), range(2_000)))

    assert replies == [f"reply to {n}" for n in range(2_000)]
    stored = store.alone_calls + [n for call in store.together_calls for n in call]
    assert sorted(stored) == list(range(2_000))


def test_what_may_wait_waits_for_company():
    store = Store()
    gatherer = Gatherer(alone=store.alone, together=store.together, patience_seconds=TIME)
    with ThreadPoolExecutor(gather.MOST) as pool:
        replies = list(pool.map(lambda n: gatherer.submit(HERE, n), range(gather.MOST)))

    # A full group waits for nobody, else this would have taken the whole of its patience.
    assert replies == [f"reply to {n}" for n in range(gather.MOST)]
    assert [sorted(call) for call in store.together_calls] == [list(range(gather.MOST))]


def test_who_waited_in_vain_is_stored_alone():
    store = Store()
    gatherer = Gatherer(alone=store.alone, together=store.together, patience_seconds=0.01)

    assert gatherer.submit(HERE, "only") == "reply to only"
    assert (store.alone_calls, store.together_calls) == (["only"], [])
    assert not gatherer._last
