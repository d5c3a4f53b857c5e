"""An account whose provider writes by SCIM, and a client that speaks as providers do."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from apps.core.clock import utc_now
from apps.identity.services import confirm_address
from apps.sso.models import VerifiedDomain
from apps.sso.scim import tokens
from apps.sso.scim.attributes import GROUP, USER
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope
from tests.factories.tenancy import Person, make_user

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Scim:
    """A provider that holds a token."""

    def __init__(self, secret: str) -> None:
        self.client = Client(raise_request_exception=True)
        self.secret = secret

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
        return self.client.generic(
            method,
            f"/scim/v2/{path}",
            data,
            content_type="application/scim+json",
            headers={"Authorization": f"Bearer {self.secret}"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: object, **headers: str) -> Any:
        return self.request("PUT", path, body, **headers)

    def patch(self, path: str, *operations: object, **headers: str) -> Any:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.request("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.request("DELETE", path, **headers)

    def add_user(self, address: str, **more: object) -> dict[str, Any]:
        answer = self.post("Users", {"schemas": [USER], "userName": address, **more})
        assert answer.status_code == 201, answer.content
        return dict(answer.json())

    def add_group(self, name: str, *members: dict[str, Any], **more: object) -> dict[str, Any]:
        values = [{"value": each["id"]} for each in members]
        body = {"schemas": [GROUP], "displayName": name, "members": values, **more}
        answer = self.post("Groups", body)
        assert answer.status_code == 201, answer.content
        return dict(answer.json())


def verify_domain(person: Person, domain: str) -> None:
    account_id = person.workspace.account_id
    with account_scope(account_id):
        VerifiedDomain.objects.create(
            account_id=account_id, domain=domain, token="t", verified_at=utc_now()
        )


def make_scim(owner: Person, domain: str) -> Scim:
    """Let the owner's account be kept by a provider for the domain."""
    verify_domain(owner, domain)
    actor = Actor(
        kind=ActorKind.USER,
        id=owner.user.id,
        name="x",
        email=owner.user.email,
        user_id=owner.user.id,
    )
    with account_scope(owner.workspace.account_id):
        _, secret = tokens.create_token(
            account_id=owner.workspace.account_id, actor=actor, now=utc_now()
        )
    return Scim(secret)


def confirmed_user(address: str) -> Any:
    """Somebody with a login, whose address is shown to be theirs."""
    user = make_user(address)
    confirm_address(user_id=user.id, email=address)
    return user
