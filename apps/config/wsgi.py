"""The web process: requests, answered by threads; and the pulse that says it can be reached."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.production")  # noqa: TID251

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from apps.dispatch.services import keep_pulse  # noqa: E402 - models need the registry above

keep_pulse()
