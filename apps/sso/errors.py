"""
Why somebody does not get in by their provider, and what an admin cannot set.

The first kind ends a sign-in: the browser is sent to /sso/error?code=…, whose words stand in
frontend/src/features/sso/refusals.ts.
"""

from apps.core.errors import DomainError


class SignInRefused(DomainError):
    """Base of what ends a sign-in."""

    status = 403


class AttemptNotValid(SignInRefused):
    """The answer belongs to no sign-in that this browser began in the last minutes."""

    code = "sso_attempt_not_valid"
    status = 400


class AnswerNotValid(SignInRefused):
    """What the provider sent proves nothing; `details.reason` says what was wrong with it."""

    code = "sso_answer_not_valid"
    status = 400


class AnswerExpired(SignInRefused):
    """What the provider sent is too old, or not valid yet."""

    code = "sso_answer_expired"
    status = 400


class AnswerReplayed(SignInRefused):
    """What the provider sent was used before."""

    code = "sso_answer_replayed"
    status = 400


class AnswerForAnother(SignInRefused):
    """What the provider sent was made for somebody else: another service, or another account."""

    code = "sso_answer_for_another"
    status = 400


class ProviderRefused(SignInRefused):
    """The provider itself let the person not sign in; `details.error` is its word."""

    code = "sso_provider_refused"


class ProviderUnreachable(SignInRefused):
    """The provider gave no answer, or not one that can be read."""

    code = "sso_provider_unreachable"
    status = 502
    retryable = True


class ProviderNotUsable(SignInRefused):
    """What the provider says of itself does not fit the connection's settings."""

    code = "sso_provider_not_usable"
    status = 409


class AddressMissing(SignInRefused):
    """The provider named no e-mail address."""

    code = "sso_address_missing"


class AddressNotConfirmed(SignInRefused):
    """The provider itself says that the address is not confirmed."""

    code = "sso_address_not_confirmed"


class AddressNotAllowed(SignInRefused):
    """The address is in none of the domains that the account has verified."""

    code = "sso_address_not_allowed"


class SubjectChanged(SignInRefused):
    """The person is known as another subject of this provider."""

    code = "sso_subject_changed"


class MemberDeactivated(SignInRefused):
    """The person may do nothing in this account at present."""

    code = "sso_member_deactivated"


class NotAMember(SignInRefused):
    """The person is not in the account, and this connection adds nobody."""

    code = "sso_not_a_member"


class ConnectionNotActive(SignInRefused):
    """There is no such connection, or nobody can sign in by it at present."""

    code = "sso_connection_not_active"
    status = 404


class ConnectionNotTested(DomainError):
    """A connection is activated after a test sign-in with its present settings."""

    code = "sso_connection_not_tested"
    status = 409


class SsoNotPossible(DomainError):
    """Sign-in by the provider cannot be required while this would lock people out."""

    code = "sso_not_possible"
    status = 409


class ConnectionNeeded(DomainError):
    """The account requires sign-in by its provider, and this is the last active connection."""

    code = "sso_connection_needed"
    status = 409


class DomainTaken(DomainError):
    """Another account has verified this domain."""

    code = "sso_domain_taken"
    status = 409


class DomainNotVerified(DomainError):
    """The domain's name servers do not show the record; `details.found` says what they show."""

    code = "sso_domain_not_verified"
    status = 409


class TooManyScimTokens(DomainError):
    """Two tokens of the provider overlap while it changes over; there is no third."""

    code = "too_many_scim_tokens"
    status = 409
