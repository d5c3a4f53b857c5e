from apps.core.errors import DomainError


class BillingIsOff(DomainError):
    """Nothing is billed here: who hosts Headway themselves has no plan to change."""

    code = "billing_is_off"
    status = 409


class PlanByContract(DomainError):
    """This plan is agreed with people, not bought by a click; so is leaving it."""

    code = "plan_by_contract"
    status = 409


class AlreadyOnPlan(DomainError):
    """The account has this plan already."""

    code = "already_on_plan"
    status = 409


class NothingBought(DomainError):
    """The account has bought nothing yet, so there is nothing to manage."""

    code = "nothing_bought"
    status = 409


class BillingUnavailable(DomainError):
    """The payment provider does not answer; the same request may succeed in a minute."""

    code = "billing_unavailable"
    status = 503
    retryable = True


class BillingRefused(DomainError):
    """The payment provider refuses what was asked; whoever runs this installation has to look."""

    code = "billing_refused"
    status = 502
