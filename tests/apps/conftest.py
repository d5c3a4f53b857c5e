import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext


@pytest.fixture
def queries_of():
    """`queries_of(call)` returns what the call returned and how many queries it took."""

    def run(call):
        with CaptureQueriesContext(connection) as captured:
            result = call()
        return result, len(captured)

    return run
