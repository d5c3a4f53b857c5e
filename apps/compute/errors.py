"""What compute refuses."""

from typing import ClassVar

from apps.core.errors import DomainError


class BundleInvalid(DomainError):
    """The zip cannot be a bundle of code; `details.reason` says why in one word."""

    code: ClassVar[str] = "bundle_invalid"
    status: ClassVar[int] = 400


class BundleStoreAway(DomainError):
    """Where bundles are kept cannot be reached at the moment."""

    code: ClassVar[str] = "bundle_store_away"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True


class DeploymentHasNoCode(DomainError):
    """The run's deployment was moved to a pool of agents since; there is nothing to execute."""

    code: ClassVar[str] = "deployment_has_no_code"
    status: ClassVar[int] = 409
