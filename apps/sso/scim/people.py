"""Users of a provider: made, changed, shut out and let in again, removed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from apps.identity import services as identity
from apps.sso.models import ScimUser, VerifiedDomain
from apps.sso.models.scim import MAX_EXTERNAL_ID, MAX_USER_NAME, touched
from apps.sso.scim import documents, patching
from apps.sso.scim.attributes import USERS
from apps.sso.scim.errors import ScimError, bad_value, no_such, not_unique
from apps.sso.scim.filters import fold
from apps.sso.scim.lock import one_at_a_time
from apps.sso.scim.resources import Precondition
from apps.tenancy import audit, selectors, services
from apps.tenancy.slugs import as_uuid

logger = structlog.get_logger(__name__)
MAX_EMAIL = 254
Document = dict[str, Any]


def find_user(*, account_id: uuid.UUID, user_id: str) -> ScimUser:
    """Raises: ScimError (404), also for users of other accounts."""
    member_id = as_uuid(user_id)
    rows = ScimUser.objects.filter(account_id=account_id).select_related("member__user")
    row = rows.filter(pk=member_id).first() if member_id else None
    if row is None:
        raise no_such(USERS.name)
    return row


@transaction.atomic
def create_user(*, account_id: uuid.UUID, body: object, now: datetime) -> ScimUser:
    """
    Make the person a member of the account, or take over the member who is there.

    Whoever has a login by the address already is linked, and otherwise stays as they are.
    Raises: ScimError, PlanLimit.
    """
    one_at_a_time(account_id)
    document = documents.read_resource(USERS, body)
    active = bool(document.pop("active", True))
    user_name = _checked_name(document)
    address = _checked_address(account_id, document)
    _refuse_taken(account_id, user_name)
    user_id = _person_of(address, document)
    member, is_new = services.provision_member(account_id=account_id, user_id=user_id, now=now)
    if ScimUser.objects.filter(pk=member.pk).exists():
        raise not_unique("A user with this address is there already, by another userName.")
    ScimUser.objects.create(
        member=member,
        account_id=account_id,
        user_name=user_name,
        external_id=document.get("externalId", ""),
        emails=_emails_of(document),
        document=document,
        created_at=now,
        updated_at=now,
    )
    row = find_user(account_id=account_id, user_id=str(member.pk))
    _record("scim.user_created" if is_new else "scim.user_linked", row, None, document, active)
    if active:
        _let_in(row, now)
    else:
        _shut_out(row, now)
    logger.info("scim.user_created", account_id=str(account_id), member_id=str(row.pk))
    return find_user(account_id=account_id, user_id=str(row.pk))


def _person_of(address: str, document: Document) -> uuid.UUID:
    person = identity.find_person(address=address)
    if person is None:
        try:
            return identity.create_person(address=address, name=_name_of(document))
        except IntegrityError:
            raise not_unique("Somebody just signed up with this address. Try again.") from None
    if not person.is_active:
        raise not_unique("The login with this address is closed.")
    if not person.confirmed:
        if person.is_staff:
            raise not_unique("The login with this address is not for providers to manage.")
        identity.hand_over(user_id=person.user_id, address=address)
    return person.user_id


def replace_user(
    *,
    account_id: uuid.UUID,
    user_id: str,
    body: object,
    precondition: Precondition,
    now: datetime,
) -> ScimUser:
    """
    Write the whole user anew. Without `active` they stay let in or shut out as they are.

    Raises: ScimError, LastAccountOwner, PlanLimit.
    """
    return _change(
        account_id,
        user_id,
        lambda _: documents.read_resource(USERS, body),
        precondition,
        now,
    )


def patch_user(
    *,
    account_id: uuid.UUID,
    user_id: str,
    body: object,
    precondition: Precondition,
    now: datetime,
) -> ScimUser:
    """Raises: ScimError, LastAccountOwner, PlanLimit."""
    operations = patching.read_operations(body)
    return _change(
        account_id,
        user_id,
        lambda present: patching.apply_operations(USERS, present, operations),
        precondition,
        now,
    )


@transaction.atomic
def _change(
    account_id: uuid.UUID,
    user_id: str,
    change: Callable[[Document], Document],
    precondition: Precondition,
    now: datetime,
) -> ScimUser:
    one_at_a_time(account_id)
    row = find_user(account_id=account_id, user_id=user_id)
    refuse_stale(precondition, row.etag)
    before: Document = row.document
    document = change(before | {"active": row.is_active})
    # SECURITY: where nothing is said of it, nobody is let in again.
    active = bool(document.pop("active", row.is_active))
    user_name = _checked_name(document)
    if user_name != row.user_name:
        _refuse_taken(account_id, user_name)
    moved = _address_of(document) != _address_of(before)
    if moved or (active and not row.is_active):
        _checked_address(account_id, document)
    if document != before:
        _carry_over(row, before, document, moved)
        ScimUser.objects.filter(pk=row.pk).update(
            user_name=user_name,
            external_id=document.get("externalId", ""),
            emails=_emails_of(document),
            document=document,
            **touched(now),
        )
        _record("scim.user_changed", row, before, document, None)
    if active and not row.is_active:
        _let_in(row, now)
    elif row.is_active and not active:
        _shut_out(row, now)
    return find_user(account_id=account_id, user_id=user_id)


@transaction.atomic
def delete_user(
    *, account_id: uuid.UUID, user_id: str, precondition: Precondition, now: datetime
) -> None:
    """
    Take the person out of the account, with all their roles there. Their login stays.

    Raises: ScimError, LastAccountOwner.
    """
    one_at_a_time(account_id)
    row = find_user(account_id=account_id, user_id=user_id)
    refuse_stale(precondition, row.etag)
    _record("scim.user_deleted", row, row.document, None, None)
    person = row.member.user
    ScimUser.objects.filter(pk=row.pk).delete()
    services.remove_from_account(account_id=account_id, member_id=row.pk, now=now)
    if _is_managed_address(account_id, person.email):
        identity.end_sessions(user_id=person.pk)
    logger.info("scim.user_deleted", account_id=str(account_id), member_id=str(row.pk))


def _let_in(row: ScimUser, now: datetime) -> None:
    if not row.member.user.is_active:
        raise not_unique("The person’s login is closed; nobody but they can open it again.")
    if services.reactivate_member(account_id=row.account_id, member_id=row.pk, now=now):
        _record("scim.user_reactivated", row, None, None, None)


def _shut_out(row: ScimUser, now: datetime) -> None:
    """End what the person could do: at once, on every process."""
    was_in = services.deactivate_member(account_id=row.account_id, member_id=row.pk, now=now)
    person = row.member.user
    if _is_managed_address(row.account_id, person.email):
        identity.end_sessions(user_id=person.pk)
    if was_in:
        _record("scim.user_deactivated", row, None, None, None)
        logger.info("scim.user_deactivated", account_id=str(row.account_id), member_id=str(row.pk))


def refuse_stale(precondition: Precondition, etag: str) -> None:
    if not precondition.is_met_by(etag):
        raise ScimError(412, "The resource has changed since it was read.")


def _refuse_taken(account_id: uuid.UUID, user_name: str) -> None:
    if ScimUser.objects.filter(account_id=account_id, user_name=user_name).exists():
        raise not_unique("A user with this userName is there already.")


def _carry_over(row: ScimUser, before: Document, after: Document, moved: bool) -> None:
    """
    Change the login by what the provider says: only of people who are in no other account.

    SECURITY: their address must be one of this account's domains, too: whoever has a login of
    their own is never renamed or moved.
    """
    person = row.member.user
    is_own = (
        not person.is_staff
        and _is_managed_address(row.account_id, person.email)
        and not selectors.belongs_elsewhere(user_id=person.pk, account_id=row.account_id)
    )
    if not is_own:
        return
    name = _name_of(after)
    if name and name != _name_of(before):
        identity.rename_person(user_id=person.pk, name=name)
    address = _address_of(after)
    if moved and address and person.email == _address_of(before):
        is_free = identity.move_person(user_id=person.pk, address=address)
        if not is_free:
            raise not_unique("Somebody else signs in by this address.")


def _checked_name(document: Document) -> str:
    name, external = str(document["userName"]).strip(), document.get("externalId", "")
    if len(name) > MAX_USER_NAME or len(fold(name)) > MAX_USER_NAME:
        raise bad_value(f"userName is over {MAX_USER_NAME} characters.")
    if len(external) > MAX_EXTERNAL_ID:
        raise bad_value(f"externalId is over {MAX_EXTERNAL_ID} characters.")
    document["userName"] = name
    return fold(name)


def _checked_address(account_id: uuid.UUID, document: Document) -> str:
    address = _address_of(document)
    try:
        validate_email(address)
    except ValidationError:
        raise bad_value("The user has no e-mail address, in emails or as userName.") from None
    if len(address) > MAX_EMAIL:
        raise bad_value("The e-mail address is too long.")
    if not _is_managed_address(account_id, address):
        raise bad_value(
            f"{address.rpartition('@')[2]} is none of the account’s verified domains."
            " Verify it in Headway first."
        )
    return address


def _is_managed_address(account_id: uuid.UUID, address: str) -> bool:
    domain = address.rpartition("@")[2].lower()
    return VerifiedDomain.objects.filter(
        account_id=account_id, domain=domain, verified_at__isnull=False
    ).exists()


def _address_of(document: Mapping[str, Any]) -> str:
    """Return the address to sign in by: the primary, else one for work, any, or the name."""
    emails = [each for each in document.get("emails", []) if each.get("value")]
    primary = [each for each in emails if each.get("primary") is True]
    for_work = [each for each in emails if str(each.get("type", "")).lower() == "work"]
    chosen = next(iter([*primary, *for_work, *emails]), None)
    address = chosen["value"] if chosen else document.get("userName", "")
    return str(address).strip().lower()


def _emails_of(document: Mapping[str, Any]) -> list[str]:
    return [fold(str(each["value"])) for each in document.get("emails", []) if each.get("value")]


def _name_of(document: Mapping[str, Any]) -> str:
    name = document.get("name", {})
    parts = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    return str(document.get("displayName") or name.get("formatted") or parts)[:120].strip()


def _record(
    action: str,
    row: ScimUser,
    before: Document | None,
    after: Document | None,
    active: bool | None,
) -> None:
    if after is not None and active is not None:
        after = after | {"active": active}
    person = row.member.user
    audit.record(
        action=action,
        target=audit.Object(
            kind="member", id=row.pk, name=person.display_name, person_id=person.pk
        ),
        before=before,
        after=after,
        account_id=row.account_id,
    )
