"""What flows refuse."""

from apps.core.errors import InvalidRequest, NotFound


class DeploymentNotFound(NotFound):
    """There is no such deployment in this workspace."""


class VersionNotFound(NotFound):
    """The deployment has no version of this number."""


class BadOwners(InvalidRequest):
    """Somebody named as owner is not in the account; `fields` says who."""


class ScheduleNotFound(NotFound):
    """There is no such schedule in this workspace."""


class BundleNotFound(NotFound):
    """No such code was uploaded to this workspace, or its bytes are gone: upload it."""


class BadCode(InvalidRequest):
    """Code, job settings, bundle, requirements or size do not fit; `fields` says what to change."""


class BadParameterSchema(InvalidRequest):
    """The parameter schema cannot be used; `fields.parameter_schema` says why."""


class BadParameters(InvalidRequest):
    """The parameters do not fit the deployment's schema; `fields` is keyed `parameters.<name>`."""


class BadSchedule(InvalidRequest):
    """The schedule's times cannot be understood; `fields` says which input is to blame."""


class BadForm(InvalidRequest):
    """The form cannot be used; `fields.form` says why."""


class BadFormValues(InvalidRequest):
    """The values do not fit the form; `fields` is keyed `values.<name>`."""
