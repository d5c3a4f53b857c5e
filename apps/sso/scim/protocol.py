"""Pure: what the service says of itself (RFC 7643 §5 to §7), and how lists and errors look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.sso.scim.attributes import KINDS, Attribute, ResourceKind, Schema
from apps.sso.scim.errors import ScimType

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
_CORE = "urn:ietf:params:scim:schemas:core:2.0"

Body = dict[str, Any]


def error_body(status: int, detail: str, scim_type: ScimType | None = None) -> Body:
    body: Body = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type is not None:
        body["scimType"] = scim_type.value
    return body


def list_body(resources: Sequence[Body], *, total: int | None = None, start: int = 1) -> Body:
    return {
        "schemas": [LIST],
        "totalResults": len(resources) if total is None else total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def service_provider_config(base_url: str, *, max_results: int) -> Body:
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": max_results},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token made in Headway, on the account’s page of single sign-on.",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base_url}/ServiceProviderConfig",
        },
    }


def resource_types(base_url: str) -> list[Body]:
    return [_resource_type(kind, base_url) for kind in KINDS]


def _resource_type(kind: ResourceKind, base_url: str) -> Body:
    body: Body = {
        "schemas": [f"{_CORE}:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "endpoint": kind.endpoint,
        "description": kind.text,
        "schema": kind.core.urn,
        "meta": {
            "resourceType": "ResourceType",
            "location": f"{base_url}/ResourceTypes/{kind.name}",
        },
    }
    if kind.extensions:
        body["schemaExtensions"] = [
            {"schema": each.urn, "required": False} for each in kind.extensions
        ]
    return body


def schemas(base_url: str) -> list[Body]:
    return [_schema(schema, base_url) for kind in KINDS for schema in kind.schemas]


def _schema(schema: Schema, base_url: str) -> Body:
    return {
        "schemas": [f"{_CORE}:Schema"],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.text,
        "attributes": [_attribute(each) for each in schema.attributes],
        "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{schema.urn}"},
    }


def _attribute(attribute: Attribute) -> Body:
    body: Body = {
        "name": attribute.name,
        "type": attribute.kind,
        "multiValued": attribute.many,
        "description": attribute.text,
        "required": attribute.required,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
    }
    if attribute.kind in {"string", "reference", "binary"}:
        body["caseExact"] = attribute.case_exact
        body["uniqueness"] = attribute.uniqueness
    if attribute.canonical:
        body["canonicalValues"] = list(attribute.canonical)
    if attribute.kind == "reference":
        body["referenceTypes"] = list(attribute.refers) or ["external"]
    if attribute.sub:
        body["subAttributes"] = [_attribute(each) for each in attribute.sub]
    return body
