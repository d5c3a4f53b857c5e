"""
The live process: waiting, on one event loop.

The same settings as the web process, with its own addresses and without the middleware that a
stream has no use for: sync middleware would put each waiting request into a thread.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.production")  # noqa: TID251

from django.conf import settings

settings.ROOT_URLCONF = "apps.config.live_urls"
settings.MIDDLEWARE = [
    "apps.core.http.request_context.LiveRequestContext",
    "apps.core.http.live.SessionCookie",
]

from django.core.asgi import get_asgi_application  # noqa: E402

application = get_asgi_application()
