"""Use cases of connections, domains and sign-ins."""

from apps.sso.services.attempts import (
    Begun,
    Posted,
    Returned,
    accept_saml,
    begin,
    finish_saml,
    receive_code,
    receive_saml,
    redeem_code,
)
from apps.sso.services.back_channel import end_by_provider
from apps.sso.services.connections import (
    activate_connection,
    create_connection,
    deactivate_connection,
    delete_connection,
    refresh_metadata,
    unlink_identity,
    update_connection,
)
from apps.sso.services.domains import (
    CHECK_TASK,
    add_domain,
    check_domains,
    enqueue_due_domains,
    remove_domain,
    route_domain,
    verify_domain,
)
from apps.sso.services.policy import require_sso
from apps.sso.services.refusals import note_refusal
from apps.sso.services.sign_in import SignedIn, finish_test, sign_in
from apps.sso.services.upkeep import drop_old

__all__ = [
    "CHECK_TASK",
    "Begun",
    "Posted",
    "Returned",
    "SignedIn",
    "accept_saml",
    "activate_connection",
    "add_domain",
    "begin",
    "check_domains",
    "create_connection",
    "deactivate_connection",
    "delete_connection",
    "drop_old",
    "end_by_provider",
    "enqueue_due_domains",
    "finish_saml",
    "finish_test",
    "note_refusal",
    "receive_code",
    "receive_saml",
    "redeem_code",
    "refresh_metadata",
    "remove_domain",
    "require_sso",
    "route_domain",
    "sign_in",
    "unlink_identity",
    "update_connection",
    "verify_domain",
]
