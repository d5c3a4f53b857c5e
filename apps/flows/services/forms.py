"""Forms that people fill in while a run waits, by the same JSON Schema as parameters."""

from __future__ import annotations

from apps.flows.errors import BadForm, BadFormValues
from apps.flows.parameters import find_parameter_faults, list_schema_faults


def check_form(*, form: dict[str, object]) -> None:
    """Raises: BadForm when nothing could be checked against it."""
    faults = list_schema_faults(form) if form else []
    if faults:
        raise BadForm("The form cannot be used.", fields={"form": faults})


def check_form_values(*, form: dict[str, object], values: dict[str, object]) -> None:
    """Raises: BadFormValues, keyed `values.<name>`."""
    faults = find_parameter_faults(form, values) if form else {}
    if not form and values:
        faults = {"values": ["Nothing was asked but yes or no."]}
    if faults:
        raise BadFormValues(
            "The values do not fit the form.",
            fields={name.replace("parameters", "values", 1): said for name, said in faults.items()},
        )
