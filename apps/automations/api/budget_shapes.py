"""What comes in and goes out of the routes of budgets. Amounts are texts of exact decimals."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from rest_framework import serializers

from apps.automations.budget import MOST_DIGITS, BudgetKind, BudgetOf
from apps.automations.models import MAX_NAME_LENGTH
from apps.core.http.serializers import StrictSerializer

BUDGET_KINDS = [(kind.value, kind.value) for kind in BudgetKind]
MODEL_LENGTH: Final = 200
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def _currency(code: str) -> None:
    if not _CURRENCY.fullmatch(code):
        raise serializers.ValidationError("Three capital letters, as USD.")


def _few_digits(amount: Decimal) -> None:
    if len(amount.normalize().as_tuple().digits) > MOST_DIGITS:
        raise serializers.ValidationError(f"At most {MOST_DIGITS} digits that say something.")


def _amount(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=20,
        decimal_places=6,
        min_value=Decimal("0.000001"),
        validators=[_few_digits],
        **options,
    )


class BudgetFields(StrictSerializer):
    """Of one of them, or with none of them of the whole workspace."""

    deployment_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    team_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    model = serializers.CharField(
        required=False, allow_null=True, default=None, max_length=MODEL_LENGTH
    )
    amount = _amount()
    currency = serializers.CharField(validators=[_currency])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {
            "deployment_id": BudgetKind.DEPLOYMENT,
            "team_id": BudgetKind.TEAM,
            "model": BudgetKind.MODEL,
        }
        of = BudgetOf(kind=BudgetKind.WORKSPACE)
        for field, kind in given.items():
            value = attrs.pop(field, None)
            if value is None:
                continue
            if of.value is not None:
                raise serializers.ValidationError({field: ["A budget is of one thing."]})
            of = BudgetOf(kind=kind, value=str(value))
        attrs["of"] = of
        return attrs


class BudgetInput(BudgetFields):
    """`channel_id`: where it is told when a month reaches it."""

    name = serializers.CharField(max_length=MAX_NAME_LENGTH)
    channel_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class BudgetPreviewInput(BudgetFields):
    """A budget that could be."""


class BudgetChange(StrictSerializer):
    """Any of the fields. What else there is of the rule is changed as an automation."""

    name = serializers.CharField(max_length=MAX_NAME_LENGTH, required=False)
    amount = _amount(required=False)
    currency = serializers.CharField(validators=[_currency], required=False)


class BudgetOfOutput(serializers.Serializer[Any]):
    """`name`: of the deployment, team or model; null of the workspace, and of what is gone."""

    kind = serializers.ChoiceField(choices=BUDGET_KINDS)
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(allow_null=True)


class BudgetOutput(serializers.Serializer[Any]):
    """
    A rule on what a month costs: an automation by the same id.

    `spent`: of this month (UTC) so far; of a rule for each of something, by the dearest.
    `reached_at`: when it fired this month.
    """

    id = serializers.UUIDField()
    name = serializers.CharField()
    sentence = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    of = BudgetOfOutput()
    spent = serializers.CharField()
    reached_at = serializers.DateTimeField(allow_null=True)
    paused = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class BudgetsOutput(serializers.Serializer[Any]):
    items = BudgetOutput(many=True)


class PastMonthOutput(serializers.Serializer[Any]):
    """`month`: its first day. `reached_on`: the day (UTC) on which it would have been reached."""

    month = serializers.DateField()
    spent = serializers.CharField()
    reached_on = serializers.DateField(allow_null=True)


class BudgetPreviewOutput(serializers.Serializer[Any]):
    """The last three months and this one so far, oldest first, at the prices of today."""

    months = PastMonthOutput(many=True)
