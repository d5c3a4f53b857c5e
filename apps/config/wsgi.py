"""The web process: requests, answered by threads; and the pulse that says it can be reached."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.production")  # noqa: TID251

from django.core.wsgi import get_wsgi_application

from apps.core.http.chunked import with_lengths

application = with_lengths(get_wsgi_application())

from django.urls import get_resolver  # noqa: E402

from apps.core.heap import settle_heap  # noqa: E402
from apps.dispatch.services import keep_pulse  # noqa: E402 - models need the registry above

# All views are imported now: the first request would wait half a second for them.
_ = get_resolver().url_patterns
settle_heap()
keep_pulse()
