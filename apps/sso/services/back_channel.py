"""A provider says that somebody is signed out there: the sessions that it opened here end."""

from __future__ import annotations

import structlog
from django.db import transaction

from apps.identity import services as identity
from apps.sso import back_channel, parties, sessions
from apps.sso.enums import ConnectionKind
from apps.sso.errors import AttemptNotValid
from apps.sso.models import SsoConnection, SsoIdentity
from apps.sso.services.spending import spend
from apps.tenancy import audit
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)


def end_by_provider(*, connection: SsoConnection, token: str) -> int:
    """
    End the sessions that this logout token means; return how many there were.

    Only such as this connection opened: the provider did not let the person in elsewhere, and may
    not throw them out there. Who is unknown here has none.
    Raises: a SignInRefused.
    """
    if connection.kind != ConnectionKind.OIDC:
        raise AttemptNotValid("There is nothing to sign out from here.")
    said = back_channel.read(parties.oidc_client(connection), token)
    with account_scope(connection.account_id):
        return _end(connection, said)


@transaction.atomic
def _end(connection: SsoConnection, said: back_channel.SignedOut) -> int:
    spend(connection, f"logout {said.token_id}", until=said.until)
    link = (
        SsoIdentity.objects.filter(connection=connection, subject=said.subject)
        .select_related("user")
        .first()
    )
    ended = 0
    if link is not None:
        ended = identity.end_sessions(
            user_id=link.user_id,
            those=lambda session: sessions.is_opened_by(
                session, connection_id=connection.pk, provider_session=said.session
            ),
        )
    if link is not None and ended:
        audit.record(
            action="sso.signed_out",
            target=audit.Object(kind="sso_connection", id=connection.pk, name=connection.name),
            after={"sessions": ended},
            account_id=connection.account_id,
            actor=Actor(
                kind=ActorKind.USER,
                id=link.user_id,
                name=link.user.display_name,
                email=None,
                user_id=link.user_id,
            ),
        )
    logger.info("sso.signed_out", connection_id=str(connection.pk), sessions=ended)
    return ended
