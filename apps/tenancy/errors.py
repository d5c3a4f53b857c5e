from apps.core.errors import DomainError


class LastOwner(DomainError):
    """A workspace keeps at least one owner."""

    code = "last_owner"
    status = 409


class ScopeNotHeld(DomainError):
    """Nobody gives what they do not hold, nor manages who holds more than they."""

    code = "scope_not_held"
    status = 403


class PlanLimit(DomainError):
    """The plan allows no more of these; `details` has what, limit and used."""

    code = "plan_limit"
    status = 402


class QuotaExceeded(DomainError):
    """The plan's amount is used up; `details` has meter, used, limit and resets_at."""

    code = "quota_exceeded"
    status = 402


class WorkspaceSuspended(DomainError):
    """The workspace is suspended; `details.reason` says why."""

    code = "workspace_suspended"
    status = 403


class WorkspaceArchived(DomainError):
    """The workspace is archived: it can be read, exported, brought back or deleted."""

    code = "workspace_archived"
    status = 403


class AccountArchived(DomainError):
    """The account is archived: it can be read, exported, brought back or deleted."""

    code = "account_archived"
    status = 403


class AlreadyArchived(DomainError):
    """It is archived already."""

    code = "already_archived"
    status = 409


class NotArchived(DomainError):
    """It is not archived, or the grace in which that could be undone is over."""

    code = "not_archived"
    status = 409


class LastAccountOwner(DomainError):
    """An account keeps at least one active owner."""

    code = "last_account_owner"
    status = 409


class MemberInactive(DomainError):
    """The person is deactivated in the account; reactivate them first."""

    code = "member_inactive"
    status = 409


class AlreadyMember(DomainError):
    """This person is in the account already."""

    code = "already_member"
    status = 409


class TooManyAccounts(DomainError):
    """Nobody owns more accounts than this; `details.limit` says how many."""

    code = "too_many_accounts"
    status = 409


class InvitationNotValid(DomainError):
    """There is no such invitation, or it was used, revoked or replaced, or it is too old."""

    code = "invitation_not_valid"
    status = 404


class InvitationForAnotherAddress(DomainError):
    """The invitation was sent to an address that is none of this person's."""

    code = "invitation_for_another_address"
    status = 403


class AddressNotConfirmed(DomainError):
    """The address that was invited is this person's, but not confirmed yet."""

    code = "address_not_confirmed"
    status = 403


class KeyEnded(DomainError):
    """The key was revoked, or is past its end; nothing brings it back."""

    code = "key_ended"
    status = 409


class KeyAlreadyRotated(DomainError):
    """Another key takes this one's place already; `details.rotated_to` names it."""

    code = "key_already_rotated"
    status = 409


class NotYourKey(DomainError):
    """The key acts in somebody else's name; only they may have its secret."""

    code = "not_your_key"
    status = 403


class HolderWithoutRole(DomainError):
    """The service account may do nothing in this workspace: it is disabled, or has no role here."""

    code = "holder_without_role"
    status = 409


class ServiceAccountNameTaken(DomainError):
    """Another service account of the account has this name."""

    code = "service_account_name_taken"
    status = 409


class DeletionBlocked(DomainError):
    """Something has to be settled before the person can go; `details.accounts` says what."""

    code = "deletion_blocked"
    status = 409


class PeopleOnly(DomainError):
    """This is about a person, and an API key is none."""

    code = "people_only"
    status = 403


class NameTaken(DomainError):
    """The account has one of this name already."""

    code = "name_taken"
    status = 409


class NamedInRules(DomainError):
    """Rules of single objects name it; without them those objects would be open to everybody."""

    code = "named_in_rules"
    status = 409


class ObjectRestricted(DomainError):
    """Rules name who may do this to the object, and the actor is not among them."""

    code = "object_restricted"
    status = 403


class MfaRequired(DomainError):
    """The account asks for a second factor that this session was not signed in with."""

    code = "mfa_required"
    status = 403


class SsoRequired(DomainError):
    """The account asks for a sign-in through its identity provider."""

    code = "sso_required"
    status = 403


class AddressNotAllowed(DomainError):
    """The account admits nobody from this network address."""

    code = "address_not_allowed"
    status = 403


class RoleInUse(DomainError):
    """Somebody has the role, or is invited to it; `details` says how many."""

    code = "role_in_use"
    status = 409


class TooManyRoles(DomainError):
    """An account has no more roles of its own than this; `details.limit` says how many."""

    code = "too_many_roles"
    status = 409


class TeamIsProvided(DomainError):
    """The account's identity provider keeps the team; it is changed there."""

    code = "team_is_provided"
    status = 409


class RuleStands(DomainError):
    """There is such a rule already."""

    code = "rule_stands"
    status = 409


class TooManyRules(DomainError):
    """A workspace has no more rules than this; `details.limit` says how many."""

    code = "too_many_rules"
    status = 409


class LockOut(DomainError):
    """Whoever asks for this would stand outside themselves afterwards."""

    code = "lock_out"
    status = 409
