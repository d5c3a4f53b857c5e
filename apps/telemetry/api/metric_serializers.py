"""What comes in and goes out of the routes of metrics."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import checked_range
from apps.core.http.serializers import StrictSerializer
from apps.telemetry import formula, heatmap, limits, selectors
from apps.telemetry.api.serializers import RangeInput
from apps.telemetry.chart_wire import ChartOutput, ChartRefusedOutput, HeatMapOfOutput
from apps.telemetry.query import MAX_SERIES, Aggregate, Fill, Rollup

MAX_QUERIES = 20
MAX_FORMULAS = 6  # with the queries as many as there are letters
MAX_CHARTS = 40  # as many panels as a dashboard has
MAX_STEP_SECONDS = 366 * 86_400
MAX_OFFSET_SECONDS = 5 * 366 * 86_400


class MetricOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    series = serializers.IntegerField()
    last_at = serializers.DateTimeField()
    labels = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class MetricsOutput(serializers.Serializer[Any]):
    items = MetricOutput(many=True)


class WhereField(serializers.DictField):
    """Values by label, any of which will do; the empty text is for series without the label."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=serializers.ListField(
                child=serializers.CharField(max_length=limits.LABEL_VALUE_LENGTH, allow_blank=True),
                min_length=1,
                max_length=100,
            ),
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> Any:
        where = super().to_internal_value(data)
        if len(where) > limits.LABEL_COUNT or any(
            "\x00" in label or len(label) > limits.LABEL_KEY_LENGTH for label in where
        ):
            raise serializers.ValidationError("Not the name of a label.")
        return where


class MetricQueryInput(StrictSerializer):
    name = serializers.CharField(max_length=limits.NAME_LENGTH)
    aggregate = serializers.ChoiceField(choices=[each.value for each in Aggregate])
    group_by = serializers.ListField(
        child=serializers.CharField(max_length=limits.LABEL_KEY_LENGTH),
        required=False,
        max_length=5,
    )
    where = WhereField(required=False)
    letter = serializers.RegexField(
        r"\A[A-Z]\Z", required=False, help_text="By its place when left out: A, B, …"
    )
    offset_seconds = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_OFFSET_SECONDS,
        help_text="Read that much earlier, rounded up to whole steps; told as if it were now.",
    )
    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_SERIES,
        help_text="Keep the lines with the highest means; `left_out` counts the others.",
    )
    hidden = serializers.BooleanField(
        required=False, help_text="Only there for formulas: answered without lines."
    )


class FormulaInput(StrictSerializer):
    expression = serializers.CharField(max_length=formula.MAX_LENGTH)
    letter = serializers.RegexField(r"\A[A-Z]\Z", required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MAX_SERIES)


class ChartInput(StrictSerializer):
    """Queries, and formulas over them and over the formulas above."""

    queries = MetricQueryInput(many=True)
    formulas = FormulaInput(many=True, required=False)
    compare_seconds = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_OFFSET_SECONDS,
        help_text="Answer everything once more from that much earlier, as `compared`.",
    )

    def validate_queries(self, queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not 1 <= len(queries) <= MAX_QUERIES:
            raise serializers.ValidationError(f"Must be 1 to {MAX_QUERIES}.")
        return queries

    def validate_formulas(self, formulas: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(formulas) > MAX_FORMULAS:
            raise serializers.ValidationError(f"Must be at most {MAX_FORMULAS}.")
        return formulas

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return lettered(attrs)


def lettered(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return a chart all of whose queries and formulas have a letter of their own."""
    letters = [
        each.setdefault("letter", selectors.LETTERS[place])
        for place, each in enumerate((*attrs["queries"], *attrs.get("formulas", ())))
    ]
    if twice := sorted({letter for letter in letters if letters.count(letter) > 1}):
        said = [f"The letter {letter} is given twice." for letter in twice]
        raise serializers.ValidationError({"queries": said})
    return attrs


class MetricsQueryInput(RangeInput, ChartInput):
    step_seconds = serializers.IntegerField(required=False, min_value=1, max_value=MAX_STEP_SECONDS)
    fill = serializers.ChoiceField(choices=[each.value for each in Fill], default=Fill.NULL.value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return lettered(checked_range(attrs))


class HeatMapOfInput(StrictSerializer):
    """Which values a heat map spreads out."""

    name = serializers.CharField(max_length=limits.NAME_LENGTH)
    where = WhereField(required=False)
    rows = serializers.IntegerField(
        default=24, min_value=1, max_value=heatmap.MAX_ROWS, help_text="At most so many."
    )


class HeatMapInput(RangeInput, HeatMapOfInput):
    step_seconds = serializers.IntegerField(required=False, min_value=1, max_value=MAX_STEP_SECONDS)


class PanelChartInput(StrictSerializer):
    """Either `chart` or `heat_map`."""

    chart = ChartInput(required=False)
    heat_map = HeatMapOfInput(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Must have either `chart` or `heat_map`.")
        return attrs


class ChartsInput(StrictSerializer, RangeInput):
    charts = PanelChartInput(many=True)
    step_seconds = serializers.IntegerField(required=False, min_value=1, max_value=MAX_STEP_SECONDS)
    fill = serializers.ChoiceField(choices=[each.value for each in Fill], default=Fill.NULL.value)

    def validate_charts(self, charts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not 1 <= len(charts) <= MAX_CHARTS:
            raise serializers.ValidationError(f"Must be 1 to {MAX_CHARTS}.")
        if sum(len(each.get("chart", {}).get("queries", "1")) for each in charts) > MAX_CHARTS:
            raise serializers.ValidationError(f"At most {MAX_CHARTS} queries in all charts.")
        return charts


class MetricsQueryOutput(ChartOutput):
    step_seconds = serializers.IntegerField()
    rollup = serializers.ChoiceField(choices=[each.value for each in Rollup])


class HeatMapOutput(HeatMapOfOutput):
    step_seconds = serializers.IntegerField()
    rollup = serializers.ChoiceField(choices=[each.value for each in Rollup])


class PanelChartOutput(serializers.Serializer[Any]):
    """One of the three is there: a chart that is refused leaves the others alone."""

    chart = ChartOutput(allow_null=True)
    heat_map = HeatMapOfOutput(allow_null=True)
    error = ChartRefusedOutput(allow_null=True)


class ChartsOutput(serializers.Serializer[Any]):
    step_seconds = serializers.IntegerField()
    rollup = serializers.ChoiceField(choices=[each.value for each in Rollup])
    charts = PanelChartOutput(many=True)
