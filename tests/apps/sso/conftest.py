from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry
from tests.factories.scim import Scim, make_scim


@pytest.fixture
def scim(alice) -> Scim:
    """The provider of Alice's account, which keeps acme.example."""
    return make_scim(alice, "acme.example")


@pytest.fixture
def rival_scim(mallory) -> Scim:
    return make_scim(mallory, "rival.example")


@pytest.fixture
def account_id(workspace) -> Any:
    return workspace.account_id


@pytest.fixture
def logged(account_id) -> Callable[[], list[str]]:
    """The actions in the account's audit log, oldest first."""

    def actions() -> list[str]:
        with account_scope(account_id):
            return list(
                AuditEntry.objects.filter(account_id=account_id, action__startswith="scim.user")
                .union(
                    AuditEntry.objects.filter(account_id=account_id, action__startswith="scim.gr"),
                    all=True,
                )
                .order_by("occurred_at", "id")
                .values_list("action", flat=True)
            )

    return actions
