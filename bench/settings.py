"""The stack's own settings with one more address: the reference view."""

from apps.config.settings.local import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
