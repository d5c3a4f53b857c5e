"""
How charts and heat maps look on the wire: shapes for the schema, and functions that fill them.

Public to dashboards, whose panels are answered in these shapes too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from apps.core.errors import DomainError
from apps.telemetry import heatmap
from apps.telemetry.query import MAX_SERIES

if TYPE_CHECKING:
    from apps.telemetry.heatmap import HeatMap
    from apps.telemetry.selectors import Answer, Answers


class LineOutput(serializers.Serializer[Any]):
    labels = serializers.DictField(child=serializers.CharField())
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(allow_null=True)),
        help_text="Pairs of milliseconds since 1970 and value.",
    )


class ResultOutput(serializers.Serializer[Any]):
    letter = serializers.CharField()
    series = LineOutput(many=True, help_text=f"At most {MAX_SERIES} in one answer.")
    compared = LineOutput(
        many=True, help_text="The same from earlier, at the times of now; empty unless asked for."
    )
    left_out = serializers.IntegerField(help_text="Lines that `limit` cut off.")


class QueryResultOutput(ResultOutput):
    query = serializers.IntegerField()
    matched_series = serializers.IntegerField(
        allow_null=True, help_text="Null when a metric's own total over all its series was read."
    )


class FormulaResultOutput(ResultOutput):
    formula = serializers.IntegerField()
    unmet = serializers.IntegerField(help_text="Lines of its sides that met no other.")


class ChartOutput(serializers.Serializer[Any]):
    results = QueryResultOutput(many=True)
    formulas = FormulaResultOutput(many=True)
    compare_seconds = serializers.IntegerField(allow_null=True, help_text="In whole steps.")


class HeatMapOfOutput(serializers.Serializer[Any]):
    scale = serializers.ChoiceField(choices=[each.value for each in heatmap.Scale])
    edges = serializers.ListField(
        child=serializers.FloatField(),
        help_text="Row i is from edge i to edge i + 1, lowest first; empty without values.",
    )
    cells = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Milliseconds since 1970, row, how many values; cells without any are left out.",
    )


class ChartRefusedOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    fields_ = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), allow_null=True
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")  # the name is one of DRF's own
        return fields


def chart_body(answers: Answers) -> dict[str, Any]:
    """Fill a ChartOutput."""
    return {
        "results": [
            {"query": number, "matched_series": answer.series, **_lines(answer)}
            for number, answer in enumerate(answers.queries)
        ],
        "formulas": [
            {"formula": number, "unmet": answer.unmet, **_lines(answer)}
            for number, answer in enumerate(answers.formulas)
        ],
        "compare_seconds": answers.compare_seconds,
    }


def heat_map_body(found: HeatMap) -> dict[str, Any]:
    """Fill a HeatMapOfOutput."""
    return {
        "scale": found.scale.value,
        "edges": found.edges,
        "cells": [[cell.start * 1_000, cell.row, cell.number] for cell in found.cells],
    }


def refused_body(refused: DomainError) -> dict[str, Any]:
    """Fill a ChartRefusedOutput."""
    return {"code": refused.code, "message": refused.message, "fields": refused.fields}


def _lines(answer: Answer) -> dict[str, Any]:
    return {
        "letter": answer.letter,
        "series": [{"labels": line.labels, "points": line.points} for line in answer.lines],
        "compared": [{"labels": line.labels, "points": line.points} for line in answer.compared],
        "left_out": answer.left_out,
    }
