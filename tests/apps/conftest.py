import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.tenancy import key_cache


@pytest.fixture
def queries_of():
    """
    `queries_of(call)` returns what the call returned and how many queries it took.

    Each time as if nobody had been here in the last second.
    """

    def run(call):
        key_cache.forget_all()
        with CaptureQueriesContext(connection) as captured:
            result = call()
        return result, len(captured)

    return run
