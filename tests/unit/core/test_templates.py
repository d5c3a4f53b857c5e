"""How long a template with loops may take."""

import pytest

from apps.core.templates import UNTIMED_LOOKS, RenderFaultError, Sandbox

NO_TIME = Sandbox(names=("body",), max_steps=20_000, max_seconds=0)
EACH = "{% for each in body %}{{ each }}{% endfor %}"


def test_a_few_steps_are_filled_however_slow_the_machine_is():
    few = ["x"] * UNTIMED_LOOKS

    assert NO_TIME.render("{{ body | tojson }}", {"body": few[:2]}) == '["x", "x"]'
    assert NO_TIME.render(EACH, {"body": few}) == "x" * UNTIMED_LOOKS


def test_many_steps_are_ended_when_the_time_is_up():
    many = ["x"] * (UNTIMED_LOOKS + 1)

    with pytest.raises(RenderFaultError, match="takes too long"):
        NO_TIME.render(EACH, {"body": many})
