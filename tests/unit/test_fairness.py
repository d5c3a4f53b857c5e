from hypothesis import given
from hypothesis import strategies as st

from apps.dispatch.fairness import share

lines = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9))


def test_a_long_line_keeps_nobody_from_a_slot():
    assert share(2, waiting={"a": 100, "b": 1}, holding={}) == {"a": 1, "b": 1}


def test_who_holds_many_comes_last():
    assert share(2, waiting={"a": 5, "b": 5}, holding={"a": 4}) == {"b": 2}


def test_alone_one_gets_all():
    assert share(3, waiting={"a": 5}, holding={"b": 1}) == {"a": 3}


@given(st.integers(0, 20), lines, lines)
def test_slots_are_used_up_and_shared_evenly(slots, waiting, holding):
    got = share(slots, waiting=waiting, holding=holding)

    assert sum(got.values()) == min(slots, sum(waiting.values()))
    assert all(got[each] <= waiting[each] for each in got)
    after = {each: holding.get(each, 0) + got.get(each, 0) for each in waiting}
    for one in waiting:
        if got.get(one, 0) < waiting[one]:  # it still waits: nobody got a slot before its turn
            for other in got:
                assert after[other] <= max(after[one] + 1, holding.get(other, 0))
