"""SDK and server hold equal tables of states; neither imports the other."""

import importlib.util
import sys
from pathlib import Path

import pytest

from apps.runs.enums import TYPE_OF
from apps.runs.state_machine import LEGAL

SDK_STATES = Path(__file__).resolve().parents[2] / "sdk" / "src" / "headway" / "_states.py"


@pytest.fixture(scope="module")
def sdk():
    """The SDK's module by its path: the package itself need not be installed here."""
    spec = importlib.util.spec_from_file_location("headway_states_under_test", SDK_STATES)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def names(table):
    return {str(source): {str(target) for target in targets} for source, targets in table.items()}


def test_the_tables_of_legal_moves_are_equal(sdk):
    assert names(sdk.LEGAL) == names(LEGAL)


def test_the_types_of_states_are_equal(sdk):
    assert {str(state): str(kind) for state, kind in sdk.TYPES.items()} == {
        str(state): str(kind) for state, kind in TYPE_OF.items()
    }
