"""What every input serializer starts from."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Input that refuses fields it does not know: a misspelt option is an error, not a default."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = {name: ["Unknown field."] for name in data if name not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


@extend_schema_field(
    {
        "type": "object",
        "description": "By scope: true, or why the caller may not use it on this object.",
        "additionalProperties": {
            "oneOf": [
                {"type": "boolean", "enum": [True]},
                {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    "required": ["code", "message"],
                },
            ]
        },
    }
)
class MayField(serializers.DictField):
    """What the caller may do to an object, and if not, why not."""
