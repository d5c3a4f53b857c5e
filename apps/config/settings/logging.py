"""Structured logs: JSON in production, readable lines on a terminal."""

from apps.config.env import env_str
from apps.core.logging import configure

LOG_LEVEL = env_str("LOG_LEVEL", "INFO")
LOG_FORMAT = env_str("LOG_FORMAT", "json")
LOGGING_CONFIG = None  # structlog and the standard library are set up by one function
configure(level=LOG_LEVEL, renderer=LOG_FORMAT)
