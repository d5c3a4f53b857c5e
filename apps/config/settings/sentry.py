"""Bugs go to Sentry when a DSN is given; refusals and weather never do."""

from apps.config.env import env_float, env_secret, env_str

SENTRY_DSN = env_secret("SENTRY_DSN", "")
if SENTRY_DSN:
    from typing import Any

    import sentry_sdk

    from apps.core.errors import DomainError
    from apps.core.logging import redacted

    def _scrubbed(event: Any, _hint: object) -> Any:
        """Hide keys and tokens in addresses, breadcrumbs and messages: a webhook's URL is one."""
        return redacted(event)

    sentry_sdk.init(
        dsn=SENTRY_DSN,
        environment=env_str("SENTRY_ENVIRONMENT", "production"),
        traces_sample_rate=env_float("SENTRY_TRACES_SAMPLE_RATE", 0.0),
        send_default_pii=False,
        # Variables and bodies hold what tenants sent: it stays here.
        include_local_variables=False,
        max_request_body_size="never",
        ignore_errors=[DomainError],
        before_send=_scrubbed,
        before_send_transaction=_scrubbed,
        before_breadcrumb=_scrubbed,
    )
