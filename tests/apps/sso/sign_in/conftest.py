"""An account with a verified domain, and real providers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.factories.sso import Browser, Sso
from tests.factories.tenancy import Person
from tests.idp import Visitor, oidc_mock, oidc_provider, saml_provider
from tests.idp.forger import Forger, forging
from tests.name_server import Zones, name_server


@pytest.fixture(scope="session")
def oidc_issuer() -> Iterator[str]:
    with oidc_provider() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def mock_issuer() -> Iterator[str]:
    with oidc_mock() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def saml_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with saml_provider(tmp_path_factory.mktemp("saml-keys")) as place:
        yield place


@pytest.fixture(scope="session")
def _zones() -> Iterator[Zones]:
    with name_server() as zones:
        yield zones


@pytest.fixture
def zones(_zones: Zones, settings: Any) -> Zones:
    """The name server that we ask, empty."""
    _zones.records.clear()
    _zones.asked.clear()
    _zones.refusing = False
    settings.SSO_NAME_SERVERS = frozenset({_zones.place})
    return _zones


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def sso(alice: Person, api: Callable[..., Any], settings: Any) -> Sso:
    """Alice's account, which owns acme.example."""
    made = Sso(person=alice, client=api(alice), settings=settings)
    made.own()
    return made


@pytest.fixture
def browser() -> Iterator[Browser]:
    visitor = Visitor()
    with visitor.client:
        yield Browser(client=Client(), visitor=visitor)


@pytest.fixture
def forger() -> Iterator[Forger]:
    with forging() as made:
        yield made
