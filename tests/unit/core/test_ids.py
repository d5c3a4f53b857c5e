from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.core.ids import derived_uuid7, uuid7, uuid7_floor, uuid7_time

MOMENTS = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_ids_of_one_process_grow_strictly():
    made = [uuid7() for _ in range(20_000)]

    assert made == sorted(set(made))


@given(MOMENTS)
def test_an_id_is_a_version_7_uuid_that_carries_its_moment(at):
    made = uuid7(at)

    assert made.version == 7
    assert abs(uuid7_time(made) - at) < timedelta(milliseconds=2)


@given(MOMENTS, st.lists(st.text(), max_size=3))
def test_derived_ids_repeat_and_differ_with_their_parts(at, parts):
    first = derived_uuid7(at, *parts)

    assert first == derived_uuid7(at, *parts)
    assert first != derived_uuid7(at, *parts, "more")
    assert first.version == 7


@given(MOMENTS)
def test_the_floor_is_not_above_any_id_of_its_millisecond(at):
    assert uuid7_floor(at) <= uuid7(at)
    assert uuid7_floor(at) <= derived_uuid7(at, "x")
    assert uuid7_floor(at + timedelta(milliseconds=2)) > uuid7(at)
