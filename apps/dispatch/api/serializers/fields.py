"""What several inputs have."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

INT_MAX = 2_147_483_647


def tags_field(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, **options
    )
