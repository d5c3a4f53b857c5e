"""What comes in and goes out of the routes of costs. Amounts are texts of exact decimals."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.core.clock import utc_now
from apps.core.http.query import QuerySerializer
from apps.core.http.serializers import StrictSerializer
from apps.costs.derive import SUBJECT_LENGTH
from apps.costs.enums import UNITS, CostKind, Group, Unit
from apps.costs.pricing import STARS
from apps.costs.selectors import month_of

KINDS = [(kind.value, kind.value) for kind in CostKind]
UNIT_NAMES = [(unit.value, unit.value) for unit in Unit]
GROUPS = [(group.value, group.value) for group in Group]
EARLIEST_DAY = date(1970, 1, 1)
LATEST_DAY = date(2199, 12, 31)
MOST_DAYS = 800
KEY_LENGTH = SUBJECT_LENGTH + 20  # a subject with its kind
_CURRENCY = re.compile(r"[A-Z]{3}")


def _sensible_day(day: date) -> None:
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise serializers.ValidationError("Out of all time.")


def _few_stars(pattern: str) -> None:
    if pattern.count("*") > STARS:
        raise serializers.ValidationError(f"At most {STARS} stars.")


def _currency(code: str) -> None:
    if not _CURRENCY.fullmatch(code):
        raise serializers.ValidationError("Three capital letters, as USD.")


class CostsQuery(QuerySerializer):
    """`from` and `to` are days in UTC, both included. Without them: this month so far."""

    by = serializers.ChoiceField(choices=GROUPS, required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for name, source in (("from", "since"), ("to", "until")):
            fields[name] = serializers.DateField(
                source=source, required=False, validators=[_sensible_day]
            )
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        until = attrs.setdefault("until", utc_now().date())
        since = attrs.setdefault("since", month_of(until))
        if until < since:
            raise serializers.ValidationError({"to": ["Must not be before `from`."]})
        if until - since > timedelta(days=MOST_DAYS):
            raise serializers.ValidationError({"from": [f"At most {MOST_DAYS} days at once."]})
        return attrs


class CostRunsQuery(CostsQuery):
    """`by` and `key` as `GET costs` says them of a group."""

    by = serializers.ChoiceField(choices=GROUPS)
    key = serializers.CharField(max_length=KEY_LENGTH)


class MoneyOutput(serializers.Serializer[Any]):
    """`by_example`: the part of it by prices that come with Headway and nobody has checked."""

    currency = serializers.CharField()
    amount = serializers.CharField()
    by_example = serializers.CharField()


class UnpricedOutput(serializers.Serializer[Any]):
    """So much of something whose price nobody knows: no amount holds it."""

    subject = serializers.CharField()
    unit = serializers.ChoiceField(choices=UNIT_NAMES)
    quantity = serializers.CharField()


class QuantityOutput(serializers.Serializer[Any]):
    unit = serializers.ChoiceField(choices=UNIT_NAMES)
    quantity = serializers.CharField()


class CostLineOutput(serializers.Serializer[Any]):
    """`amount` and what follows are null when nobody knows the price. `price` is for `per`."""

    kind = serializers.ChoiceField(choices=KINDS)
    subject = serializers.CharField()
    unit = serializers.ChoiceField(choices=UNIT_NAMES)
    quantity = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    price = serializers.CharField(allow_null=True)
    per = serializers.CharField()
    is_example = serializers.BooleanField()
    is_free = serializers.BooleanField()


class RunCostOutput(serializers.Serializer[Any]):
    """What a run used so far, the dearest first."""

    money = MoneyOutput(many=True)
    unpriced = UnpricedOutput(many=True)
    lines = CostLineOutput(many=True)


class CostGroupOutput(serializers.Serializer[Any]):
    """`id`: of the deployment or the team; `flow_id`: of runs without a deployment."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # Field has one of its own
    id = serializers.UUIDField(allow_null=True)
    flow_id = serializers.UUIDField(allow_null=True)
    money = MoneyOutput(many=True)
    quantities = QuantityOutput(many=True)
    unpriced = UnpricedOutput(many=True)


class CostsTotalOutput(serializers.Serializer[Any]):
    money = MoneyOutput(many=True)
    quantities = QuantityOutput(many=True)
    unpriced = UnpricedOutput(many=True)


class CostsOutput(serializers.Serializer[Any]):
    """`truncated`: there are more groups; the total holds them all."""

    by = serializers.ChoiceField(choices=GROUPS)
    since = serializers.DateField()
    until = serializers.DateField()
    total = CostsTotalOutput()
    groups = CostGroupOutput(many=True)
    truncated = serializers.BooleanField()


class SpentOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    amount = serializers.CharField()


class CostOfRunOutput(serializers.Serializer[Any]):
    """`money` is empty where nobody knows a price. All but the id is null of a deleted run."""

    run_id = serializers.UUIDField()
    name = serializers.CharField(allow_null=True)
    flow = serializers.CharField(allow_null=True)
    deployment = serializers.CharField(allow_null=True)
    state = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    money = SpentOutput(many=True)


class CostRunsOutput(serializers.Serializer[Any]):
    """
    The runs that make a group, the dearest first, at most a hundred of `total`.

    `kept_from`: what single runs used before that day is not kept any more.
    """

    since = serializers.DateField()
    until = serializers.DateField()
    kept_from = serializers.DateField()
    total = serializers.IntegerField()
    runs = CostOfRunOutput(many=True)


class PriceFields(StrictSerializer):
    pattern = serializers.CharField(max_length=SUBJECT_LENGTH, validators=[_few_stars])
    price = serializers.DecimalField(
        max_digits=20, decimal_places=9, min_value=Decimal(0), help_text="for `per` of the unit"
    )
    currency = serializers.CharField(validators=[_currency])
    valid_from = serializers.DateField(validators=[_sensible_day])


class PriceInput(PriceFields):
    """`unit` is one of the kind's. `valid_from`: a day in UTC; without it, always."""

    kind = serializers.ChoiceField(choices=KINDS)
    unit = serializers.ChoiceField(choices=UNIT_NAMES)
    valid_from = serializers.DateField(
        validators=[_sensible_day], required=False, default=EARLIEST_DAY
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        units = UNITS[CostKind(attrs["kind"])]
        if attrs["unit"] not in units:
            words = ", ".join(unit.value for unit in units)
            raise serializers.ValidationError({"unit": [f"Units of this kind: {words}."]})
        return attrs


class PriceChange(PriceFields):
    """Any of the fields; kind and unit stay."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class RateOutput(serializers.Serializer[Any]):
    """A price is for `per` of its unit: a million tokens, a TiB, an hour, a credit."""

    kind = serializers.ChoiceField(choices=KINDS)
    pattern = serializers.CharField()
    unit = serializers.ChoiceField(choices=UNIT_NAMES)
    price = serializers.CharField()
    per = serializers.CharField()
    currency = serializers.CharField()
    valid_from = serializers.DateField()


class PriceOutput(RateOutput):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PricesOutput(serializers.Serializer[Any]):
    """All own prices; `examples` count where none of them fits."""

    items = PriceOutput(many=True)
    examples = RateOutput(many=True)
