from apps.core.errors import DomainError


class BillingIsOff(DomainError):
    """Nothing is billed here: who hosts Headway themselves has no plan to change."""

    code = "billing_is_off"
    status = 409
