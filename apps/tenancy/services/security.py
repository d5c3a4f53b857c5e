"""Who may come into an account at all: from where, and with what proof."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final, TypedDict

from django.db import transaction

from apps.core.errors import InvalidRequest
from apps.tenancy import audit
from apps.tenancy.errors import LockOut
from apps.tenancy.models import Account
from apps.tenancy.networks import is_inside, read_network

MOST_NETWORKS: Final = 200


class AllowedNetwork(TypedDict):
    """A network and what it is, in its people's words."""

    cidr: str
    note: str


@transaction.atomic
def require_second_factor(*, account_id: uuid.UUID, required: bool, held: bool) -> None:
    """
    Ask every member for a second factor, or no longer.

    `held`: whoever asks has come with one, or through the account's own identity provider.
    Raises: LockOut when they have not: they would be the first to stand outside.
    """
    if required and not held:
        raise LockOut("Sign in with a second factor yourself first; you would shut yourself out.")
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.require_mfa == required:
        return
    account.require_mfa = required
    account.save(update_fields=["require_mfa"])
    _record(
        account, "security.mfa_changed", {"require_mfa": not required}, {"require_mfa": required}
    )


def read_networks(networks: Sequence[AllowedNetwork]) -> list[AllowedNetwork]:
    """
    Return the networks in the form they are kept in; the same one twice is one.

    Raises: InvalidRequest.
    """
    if len(networks) > MOST_NETWORKS:
        raise InvalidRequest(
            "Too many networks.", fields={"networks": [f"At most {MOST_NETWORKS}."]}
        )
    found: dict[str, AllowedNetwork] = {}
    faults: dict[str, list[str]] = {}
    for index, each in enumerate(networks):
        try:
            cidr = str(read_network(each["cidr"]))
        except ValueError:
            faults[f"{index}.cidr"] = ["Not a network; write 203.0.113.0/24 or 2001:db8::/32."]
            continue
        found.setdefault(cidr, AllowedNetwork(cidr=cidr, note=each["note"]))
    if faults:
        raise InvalidRequest("Some of the networks cannot be read.", fields=faults)
    return list(found.values())


@transaction.atomic
def allow_networks(
    *, account_id: uuid.UUID, networks: Sequence[AllowedNetwork], own_address: str
) -> list[AllowedNetwork]:
    """
    Let people and keys in from these networks only; from everywhere when there are none.

    Raises: LockOut when the caller is in none of them, InvalidRequest.
    """
    wanted = read_networks(networks)
    if wanted and not is_inside(own_address, [read_network(each["cidr"]) for each in wanted]):
        raise LockOut(
            "Your own address is in none of these networks; you would shut yourself out.",
            address=own_address,
        )
    account = Account.objects.select_for_update().get(pk=account_id)
    before = account.allowed_networks
    if before != wanted:
        account.allowed_networks = wanted
        account.save(update_fields=["allowed_networks"])
        _record(
            account,
            "security.networks_changed",
            {"allowed_networks": [each["cidr"] for each in before]},
            {"allowed_networks": [each["cidr"] for each in wanted]},
        )
    return wanted


def _record(account: Account, action: str, before: audit.Change, after: audit.Change) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="account", id=account.id, name=account.name),
        before=before,
        after=after,
        account_id=account.id,
    )
