"""`python -m tests.idp` installs the identity providers."""

from tests.idp import install

install()
