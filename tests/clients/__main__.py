"""`python -m tests.clients`: install what the tests will ask for."""

from tests.clients import NAMES, python_of

for name in NAMES:
    python_of(name)
