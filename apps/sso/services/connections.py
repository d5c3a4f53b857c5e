"""Setting up an account's provider. What is fetched is fetched before any transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.core.errors import InvalidRequest, NotFound
from apps.core.ids import uuid7
from apps.sso import oidc, parties, saml, selectors
from apps.sso.enums import ConnectionKind
from apps.sso.errors import ConnectionNotTested, ProviderNotUsable, SignInRefused
from apps.sso.models import SsoConnection, SsoIdentity
from apps.sso.provider_settings import OidcSettings, SamlSettings
from apps.sso.services.policy import refuse_last
from apps.tenancy import audit
from apps.tenancy import services as tenancy
from apps.tenancy.actors import Actor
from apps.tenancy.enums import AccountRole
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)
MAX_CONNECTIONS = 20
METADATA_AGE = timedelta(hours=4)
METADATA_PAUSE = timedelta(minutes=1)  # between two readings, whatever asks for them
# A change of these is a change of who is believed: what was tested is no longer what there is.
_BELIEVED = {
    ConnectionKind.OIDC: ("issuer", "client_id", "scopes", "groups_claim"),
    ConnectionKind.SAML: (
        *("metadata_url", "entity_id", "sso_url", "email_attribute", "name_attribute"),
        *("groups_attribute", "allow_provider_initiated", "sign_requests"),
    ),
}


def create_connection(
    *,
    account_id: uuid.UUID,
    connection_id: uuid.UUID | None,
    actor: Actor,
    kind: ConnectionKind,
    name: str,
    settings: Mapping[str, Any],
    client_secret: str,
    joining: Mapping[str, Any],
    now: datetime,
) -> SsoConnection:
    """
    Store a provider, not active yet; outside of any transaction, because it is asked who it is.

    `joining`: joins_new_people, default_role, default_grants, group_teams.
    Raises: InvalidRequest, ProviderNotUsable, ProviderUnreachable, ScopeNotHeld.
    """
    connection = SsoConnection(
        id=connection_id or uuid7(),
        account_id=account_id,
        kind=kind,
        name=name,
        settings={},
        created_at=now,
        updated_at=now,
        **joining,
    )
    if kind == ConnectionKind.SAML:
        connection.signing_key, connection.certificate = saml.new_key("Headway", now=now)
    else:
        connection.client_secret = client_secret
    _read_settings(connection, settings, now)
    with account_scope(account_id):
        refuse_promises(actor=actor, account_id=account_id, joining=joining, stands=())
        if SsoConnection.objects.for_account(account_id).count() >= MAX_CONNECTIONS:
            raise _invalid("name", f"An account has at most {MAX_CONNECTIONS} connections.")
        _save(connection, is_new=True)
        audit.record(
            action="sso.connection_created",
            target=_object(connection),
            after=_told(connection),
            account_id=account_id,
        )
        return selectors.get_connection(account_id=account_id, connection_id=connection.pk)


def update_connection(
    *,
    account_id: uuid.UUID,
    connection_id: uuid.UUID,
    actor: Actor,
    changes: Mapping[str, Any],
    now: datetime,
) -> SsoConnection:
    """
    Change what is named in `changes`; outside of any transaction, as above.

    Who is believed after the change has to be tested anew: the connection is then not active.
    Raises: NotFound, InvalidRequest, ProviderNotUsable, ProviderUnreachable, ScopeNotHeld,
    ConnectionNeeded.
    """
    with account_scope(account_id):
        connection = selectors.get_connection(account_id=account_id, connection_id=connection_id)
    before, was = _told(connection), dict(connection.settings)
    mapped = list(connection.group_teams)
    joining = {name: changes[name] for name in _JOINING if name in changes}
    for name in ("name", *_JOINING):
        if name in changes:
            setattr(connection, name, changes[name])
    if "settings" in changes:
        _read_settings(connection, {**was, **changes["settings"]}, now)
    if changes.get("client_secret") and connection.kind == ConnectionKind.OIDC:
        connection.client_secret = changes["client_secret"]
    with account_scope(account_id):
        refuse_promises(actor=actor, account_id=account_id, joining=joining, stands=mapped)
        if _believes_others(connection, was, by_owner=actor.account_role == AccountRole.OWNER):
            refuse_last(connection=connection)
            connection.tested_at = connection.activated_at = None
        connection.updated_at = now
        _save(connection)
        audit.record(
            action="sso.connection_changed",
            target=_object(connection),
            before=before,
            after=_told(connection) | ({"secret": "new"} if changes.get("client_secret") else {}),
            account_id=account_id,
        )
        return selectors.get_connection(account_id=account_id, connection_id=connection_id)


_JOINING = ("joins_new_people", "default_role", "default_grants", "group_teams")


def _read_settings(connection: SsoConnection, given: Mapping[str, Any], now: datetime) -> None:
    if connection.kind == ConnectionKind.OIDC:
        stored = OidcSettings.from_json(given)
        if (fault := oidc.find_fault(stored.issuer)) is not None:
            raise _invalid("settings.issuer", fault)
        if "openid" not in stored.scopes:
            raise _invalid("settings.scopes", "openid must be among them.")
        connection.settings = stored.to_json()
        oidc.discover(parties.oidc_client(connection))
        return
    xml = str(given.get("metadata_xml") or "")
    url = "" if xml else str(given.get("metadata_url") or "")
    if url:
        xml = saml.fetch_metadata(url)
    read = saml.read_metadata(xml) if xml else _by_hand(given)
    settings = SamlSettings.from_json({**given, **read, "metadata_url": url})
    connection.settings = settings.to_json()
    connection.metadata = xml
    connection.metadata_fetched_at = now if url else None


def _by_hand(given: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("entity_id", "sso_url", "certificates"):
        if not given.get(name):
            raise _invalid(f"settings.{name}", "Needed, unless there is metadata to read it from.")
    for name in ("sso_url", "slo_url"):
        if given.get(name) and (fault := oidc.find_fault(given[name])) is not None:
            raise _invalid(f"settings.{name}", fault)
    if len(given["certificates"]) > saml.MAX_CERTIFICATES:
        raise _invalid("settings.certificates", f"At most {saml.MAX_CERTIFICATES}.")
    try:
        certificates = [saml.as_certificate(each) for each in given["certificates"]]
    except ProviderNotUsable as error:
        raise _invalid("settings.certificates", error.message) from None
    return {"certificates": certificates}


def _believes_others(connection: SsoConnection, was: Mapping[str, Any], *, by_owner: bool) -> bool:
    names = _BELIEVED[ConnectionKind(connection.kind)]
    if any(connection.settings.get(name) != was.get(name) for name in names):
        return True
    if connection.kind == ConnectionKind.OIDC:
        return False
    # Keys roll over: as long as one of them stays it is the same provider. SECURITY: but a key that
    # somebody adds by hand is one more that is believed, whoever holds it.
    present, past = set(connection.settings["certificates"]), set(was.get("certificates", ()))
    by_hand = not connection.settings.get("metadata_url")
    return not present & past or (by_hand and not by_owner and not present <= past)


def refuse_promises(
    *,
    actor: Actor,
    account_id: uuid.UUID,
    joining: Mapping[str, Any],
    stands: Sequence[Mapping[str, str]],
) -> None:
    """
    Let nobody promise newcomers what they do not hold; `stands` is mapped to teams already.

    Raises: InvalidRequest, ScopeNotHeld, ObjectRestricted.
    """
    if joining.get("default_role") == AccountRole.OWNER:
        raise _invalid("default_role", "Owners are made by owners.")
    tenancy.refuse_grants(
        actor=actor, account_id=account_id, grants=joining.get("default_grants", ())
    )
    mapped = [each for each in joining.get("group_teams", ()) if each not in stands]
    tenancy.refuse_teams(
        actor=actor, account_id=account_id, names=[each["team"] for each in mapped]
    )


def _save(connection: SsoConnection, *, is_new: bool = False) -> None:
    try:
        with transaction.atomic():
            connection.save(force_insert=is_new, force_update=not is_new)
    except IntegrityError as error:
        if "sso_connection_pkey" in str(error):
            raise _invalid("id", "Taken; make another one.") from None
        if "sso_connection_name" not in str(error):
            raise
        raise _invalid("name", "Another connection has this name.") from None


def activate_connection(
    *, account_id: uuid.UUID, connection_id: uuid.UUID, now: datetime
) -> SsoConnection:
    """
    Let people sign in by it.

    Raises: NotFound, ConnectionNotTested.
    """
    connection = selectors.get_connection(account_id=account_id, connection_id=connection_id)
    if connection.tested_at is None:
        raise ConnectionNotTested("Make a test sign-in with these settings first.")
    tested = SsoConnection.objects.filter(
        pk=connection_id, tested_at__isnull=False, activated_at=None
    )
    if tested.update(activated_at=now, last_error="", last_error_at=None):
        audit.record(
            action="sso.connection_activated", target=_object(connection), account_id=account_id
        )
    return selectors.get_connection(account_id=account_id, connection_id=connection_id)


def deactivate_connection(*, account_id: uuid.UUID, connection_id: uuid.UUID) -> SsoConnection:
    """
    Let nobody sign in by it any more; sessions that there are stay.

    Raises: NotFound, ConnectionNeeded.
    """
    connection = selectors.get_connection(account_id=account_id, connection_id=connection_id)
    refuse_last(connection=connection)
    active = SsoConnection.objects.filter(pk=connection_id, activated_at__isnull=False)
    if active.update(activated_at=None):
        audit.record(
            action="sso.connection_deactivated", target=_object(connection), account_id=account_id
        )
    return selectors.get_connection(account_id=account_id, connection_id=connection_id)


def delete_connection(*, account_id: uuid.UUID, connection_id: uuid.UUID) -> None:
    """
    Delete it and forget who came by it; the people and what they have stay.

    Raises: NotFound, ConnectionNeeded.
    """
    connection = selectors.get_connection(account_id=account_id, connection_id=connection_id)
    refuse_last(connection=connection)
    told, target = _told(connection), _object(connection)
    connection.delete()
    audit.record(action="sso.connection_deleted", target=target, before=told, account_id=account_id)


def unlink_identity(
    *, account_id: uuid.UUID, connection_id: uuid.UUID, identity_id: uuid.UUID
) -> None:
    """
    Forget which subject a person is, for one who got another one at the provider.

    Raises: NotFound.
    """
    found = (
        selectors.list_identities(account_id=account_id, connection_id=connection_id)
        .filter(pk=identity_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such person at this connection.")
    name, user_id = found.user.display_name, found.user_id
    SsoIdentity.objects.filter(pk=identity_id).delete()
    audit.record(
        action="sso.person_unlinked",
        target=audit.Object(kind="user", id=user_id, name=name),
        before={"connection_id": str(connection_id)},
        account_id=account_id,
    )


def refresh_metadata(*, connection: SsoConnection, now: datetime, at_once: bool = False) -> bool:
    """
    Read the provider's metadata anew when it is old; return whether something came of it.

    Outside of any transaction. A provider that is away, or that says nonsense, changes nothing but
    the note of it: what was read before holds on.
    """
    url = connection.settings.get("metadata_url")
    age = METADATA_PAUSE if at_once else METADATA_AGE
    if connection.kind != ConnectionKind.SAML or not url:
        return False
    # Claimed by a conditional UPDATE: of all who come at once, one asks.
    with account_scope(connection.account_id):
        claimed = SsoConnection.objects.filter(
            Q(metadata_fetched_at=None) | Q(metadata_fetched_at__lt=now - age), pk=connection.pk
        ).update(metadata_fetched_at=now)
    if not claimed:
        return False
    try:
        xml = saml.fetch_metadata(url)
        read = saml.read_metadata(xml)
        if read["entity_id"] != connection.settings["entity_id"]:
            raise ProviderNotUsable("The metadata is of another provider than before.")
    except SignInRefused as error:
        _note(connection, error.message, now)
        return False
    settings = {**connection.settings, **read}
    with account_scope(connection.account_id):
        # If an admin changed it meanwhile, theirs stands.
        stored = SsoConnection.objects.filter(pk=connection.pk, updated_at=connection.updated_at)
        if not stored.update(settings=settings, metadata=xml):
            return False
        if settings != connection.settings:
            audit.record(
                action="sso.metadata_changed",
                target=_object(connection),
                before=_shown(connection.settings),
                after=_shown(settings),
                account_id=connection.account_id,
            )
    logger.info("sso.metadata_read", connection_id=str(connection.pk))
    changed: bool = settings != connection.settings
    connection.settings, connection.metadata = settings, xml
    return changed


def _note(connection: SsoConnection, message: str, now: datetime) -> None:
    with account_scope(connection.account_id):
        SsoConnection.objects.filter(pk=connection.pk).update(
            last_error=message[:300], last_error_at=now
        )


def _object(connection: SsoConnection) -> audit.Object:
    return audit.Object(kind="sso_connection", id=connection.pk, name=connection.name)


def _told(connection: SsoConnection) -> dict[str, Any]:
    return {
        "name": connection.name,
        "kind": connection.kind,
        **{name: getattr(connection, name) for name in _JOINING},
        **_shown(connection.settings),
    }


def _shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for the log: certificates by their ends, which is what differs."""
    return {
        name: [each[-16:] for each in value] if name == "certificates" else value
        for name, value in settings.items()
    }


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"Some fields are not valid: {field}.", fields={field: [message]})
