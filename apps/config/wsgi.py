"""The web process: requests, answered by threads."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.production")  # noqa: TID251

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
