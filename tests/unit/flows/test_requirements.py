import doctest

import pytest

from apps.flows import requirements


def test_the_examples_hold():
    assert doctest.testmod(requirements).failed == 0


@pytest.mark.parametrize(
    "line",
    [
        "polars",
        "polars>=1,<2",
        "requests[socks] ~= 2.31 ; python_version < '4'",
        "tool @ https://example.com/tool-1.0-py3-none-any.whl#sha256=0011",
        "tool @ git+https://example.com/tool@v1",
    ],
)
def test_a_pep_508_line_is_a_requirement(line):
    assert requirements.find_requirement_faults([line]) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-r other.txt",
        "--index-url https://example.com",
        "-e .",
        ".",
        "./package",
        "/srv/package",
        "https://example.com/tool.whl",
        "tool @ file:///etc",
        "tool @ /etc",
        "tool @ ../tool",
        "tool @ http://example.com/tool.whl",
        "tool @ git+ssh://git@example.com/tool",
        "tool @ https:///nowhere",
        "tool @ https://[bad/x",
        "polars\n-r /etc/passwd",
        "polars\x00",
        "tool @ https://example.com/${HEADWAY_API_KEY}",
        "polars==1 --hash=sha256:00",
        "x" * 201,
    ],
)
def test_anything_else_is_named_with_its_place(line):
    (fault,) = requirements.find_requirement_faults(["polars", line])[:1]

    assert fault.startswith("2: ")


def test_there_are_at_most_two_hundred():
    lines = [f"package-{number}" for number in range(201)]

    assert requirements.find_requirement_faults(lines[:200]) == []
    assert requirements.find_requirement_faults(lines) == ["At most 200 requirements, not 201."]
