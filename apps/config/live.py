"""
The live process: waiting, on one event loop.

The same settings as the web process, with its own addresses and without the middleware that a
stream has no use for: sync middleware would put each waiting request into a thread.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.production")  # noqa: TID251

import django
from django.conf import settings

django.setup(set_prefix=False)
# After the setup, at which apps look for the web process's middleware.
settings.ROOT_URLCONF = "apps.config.live_urls"
settings.MIDDLEWARE = [
    "apps.core.http.request_context.LiveRequestContext",
    "apps.core.http.live.SessionCookie",
]

from django.urls import get_resolver  # noqa: E402

from apps.core.heap import settle_heap  # noqa: E402
from apps.core.http.live import LiveHandler  # noqa: E402 - reads settings

_ = get_resolver().url_patterns  # imported now, not by the first request
application = LiveHandler()
settle_heap()
