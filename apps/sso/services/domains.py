"""Showing that a mail domain is one's own: a TXT record, looked for now and every day."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from apps.core.errors import InvalidRequest
from apps.core.jobs import enqueue_on_commit
from apps.sso import selectors
from apps.sso.assertions import as_domain
from apps.sso.errors import DomainNotVerified, DomainTaken
from apps.sso.models import VerifiedDomain
from apps.sso.resolver import DnsResolver, Resolver, TxtAnswer
from apps.tenancy import audit
from apps.tenancy import selectors as tenancy
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)
CHECK_TASK = "sso.check_domains"
ACCOUNTS_AT_ONCE = 500
PREFIX = "headway-verification="
MAX_DOMAINS = 100
MAX_SHOWN = 10  # records of the domain's that a refusal repeats
RECHECK_AFTER = timedelta(hours=23)  # the clock comes by every day
LOST_AFTER = timedelta(days=7)  # name servers move house, zones are repaired


@transaction.atomic
def add_domain(
    *,
    account_id: uuid.UUID,
    domain: str,
    connection_id: uuid.UUID | None,
    now: datetime,
) -> VerifiedDomain:
    """
    Claim a domain; it means nothing until it is verified.

    Raises: InvalidRequest, NotFound for a foreign connection.
    """
    name = as_domain(domain)
    if not name:
        raise _invalid("Not the name of a domain, such as example.com.")
    present = selectors.list_domains(account_id=account_id)
    if present.filter(domain=name).exists():
        raise _invalid("It is in the list already.")
    if present.count() >= MAX_DOMAINS:
        raise _invalid(f"An account has at most {MAX_DOMAINS} domains.")
    if connection_id is not None:
        selectors.get_connection(account_id=account_id, connection_id=connection_id)
    made = VerifiedDomain.objects.create(
        account_id=account_id,
        domain=name,
        token=secrets.token_urlsafe(24),
        connection_id=connection_id,
        created_at=now,
    )
    audit.record(action="sso.domain_added", target=_object(made), account_id=account_id)
    return made


@transaction.atomic
def route_domain(
    *, account_id: uuid.UUID, domain_id: uuid.UUID, connection_id: uuid.UUID | None
) -> VerifiedDomain:
    """
    Say by which connection people of this domain sign in.

    Raises: NotFound.
    """
    domain = selectors.get_domain(account_id=account_id, domain_id=domain_id)
    if connection_id is not None:
        selectors.get_connection(account_id=account_id, connection_id=connection_id)
    before = domain.connection_id
    VerifiedDomain.objects.filter(pk=domain_id).update(connection_id=connection_id)
    audit.record(
        action="sso.domain_routed",
        target=_object(domain),
        before={"connection_id": str(before) if before else None},
        after={"connection_id": str(connection_id) if connection_id else None},
        account_id=account_id,
    )
    return selectors.get_domain(account_id=account_id, domain_id=domain_id)


@transaction.atomic
def remove_domain(*, account_id: uuid.UUID, domain_id: uuid.UUID) -> None:
    """
    Give the domain up: from now on the provider's word for its addresses counts for nothing.

    Raises: NotFound.
    """
    domain = selectors.get_domain(account_id=account_id, domain_id=domain_id)
    domain.delete()
    audit.record(
        action="sso.domain_removed",
        target=audit.Object(kind="sso_domain", id=domain_id, name=domain.domain),
        before={"verified_at": domain.verified_at},
        account_id=account_id,
    )


def verify_domain(
    *,
    account_id: uuid.UUID,
    domain_id: uuid.UUID,
    now: datetime,
    resolver: Resolver | None = None,
) -> VerifiedDomain:
    """
    Look for the record; outside of any transaction.

    Raises: NotFound, DomainNotVerified with what was found, DomainTaken.
    """
    with account_scope(account_id):
        domain = selectors.get_domain(account_id=account_id, domain_id=domain_id)
    answer = (resolver or DnsResolver()).look_up(domain.domain)
    with account_scope(account_id):
        found = _apply(domain, answer, now)
    if answer.error:
        raise DomainNotVerified(
            "The name servers did not answer. Try again in a minute.", found=[], error=answer.error
        )
    if not found:
        ours = [each[:200] for each in answer.texts if each.startswith(PREFIX)][:MAX_SHOWN]
        raise DomainNotVerified(
            "The record is not there yet. New records can take an hour to be seen everywhere."
            if not ours
            else "There is such a record, but with another value.",
            found=ours,
            records=len(answer.texts),
        )
    with account_scope(account_id):
        return selectors.get_domain(account_id=account_id, domain_id=domain_id)


def _apply(domain: VerifiedDomain, answer: TxtAnswer, now: datetime) -> bool:
    """Write down what the name servers said; return whether the record is there."""
    stored = VerifiedDomain.objects.filter(pk=domain.pk)
    if answer.error:
        # No answer is no evidence: neither for the domain nor against it.
        stored.update(last_error=answer.error[:200])
        return False
    if f"{PREFIX}{domain.token}" in {each.strip() for each in answer.texts}:
        _win(domain, now)
        return True
    stored.update(checked_at=now, last_error="")
    if domain.verified_at is None:
        return False
    stored.filter(missing_since=None).update(missing_since=now)
    lost = stored.filter(missing_since__lte=now - LOST_AFTER)
    if lost.update(verified_at=None, missing_since=None):
        logger.warning("sso.domain_lost", domain_id=str(domain.pk))
        audit.record(action="sso.domain_lost", target=_object(domain), account_id=domain.account_id)
    return False


def _win(domain: VerifiedDomain, now: datetime) -> None:
    stored = VerifiedDomain.objects.filter(pk=domain.pk)
    try:
        with transaction.atomic():
            is_new = stored.filter(verified_at=None).update(verified_at=now)
    except IntegrityError:
        raise DomainTaken(
            "Another account has verified this domain. Whoever it is has to give it up first."
        ) from None
    stored.update(checked_at=now, missing_since=None, last_error="")
    if is_new:
        logger.info("sso.domain_verified", domain_id=str(domain.pk))
        audit.record(
            action="sso.domain_verified", target=_object(domain), account_id=domain.account_id
        )


def check_domains(*, account_id: uuid.UUID, now: datetime, resolver: Resolver | None = None) -> int:
    """Look again for the records of one account's domains; return how many were asked for."""
    asked = resolver or DnsResolver()
    with account_scope(account_id):
        due = list(
            selectors.list_due_domains(account_id=account_id, checked_before=now - RECHECK_AFTER)
        )
    for domain in due:
        answer = asked.look_up(domain.domain)
        with account_scope(account_id):
            _apply(domain, answer, now)
    return len(due)


def enqueue_due_domains(*, now: datetime) -> int:
    """Hand out the accounts with domains to look at again; return how many."""
    handed, last = 0, None
    while page := tenancy.list_account_ids(after=last, limit=ACCOUNTS_AT_ONCE):
        for account_id in page:
            with account_scope(account_id):
                due = selectors.list_due_domains(
                    account_id=account_id, checked_before=now - RECHECK_AFTER
                ).exists()
            if due:
                enqueue_on_commit(CHECK_TASK, account_id=str(account_id))
                handed += 1
        last = page[-1]
    return handed


def _object(domain: VerifiedDomain) -> audit.Object:
    return audit.Object(kind="sso_domain", id=domain.pk, name=domain.domain)


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest("Some fields are not valid: domain.", fields={"domain": [message]})
