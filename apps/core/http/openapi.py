"""How the schema is made: one tag per resource, one error envelope for every route."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "fields", "retryable", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object", "additionalProperties": True},
                "fields": {
                    "oneOf": [
                        {
                            "type": "object",
                            "additionalProperties": {
                                "type": "array",
                                "items": {"type": "string"},
                            },
                        },
                        {"type": "null"},
                    ]
                },
                "retryable": {"type": "boolean"},
                "request_id": {"type": "string"},
            },
        }
    },
}


class HeadwaySchema(AutoSchema):
    """Tags by the first noun after the workspace; one view class may serve one path only."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Nothing per operation: `document_errors` writes the two ways, the same for all."""
        return []

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        nouns = [part for part in parts if part not in {"api", "v1", "workspaces"}]
        return [nouns[0] if nouns else "workspaces"]


def document_errors(result: dict[str, Any], **_kwargs: object) -> dict[str, Any]:
    """Give each operation the error envelope as its default answer, and the ways to sign in."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = _ERROR
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "hw_…"},
        "session": {"type": "apiKey", "in": "cookie", "name": "headway_session"},
    }
    answer = {
        "description": "A refusal; `error.code` is stable.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for path in result.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"]["default"] = answer
                operation["security"] = [{"apiKey": []}, {"session": []}]
    return result
