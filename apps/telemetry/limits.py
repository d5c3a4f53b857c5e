"""How much one item may hold. Pure numbers; what is above is refused or cut, see `acceptance`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

NAME_LENGTH: Final = 200
RESOURCE_NAME_LENGTH: Final = 1024
SOURCE_LENGTH: Final = 200
UNIT_LENGTH: Final = 40
LOGGER_LENGTH: Final = 200
LABEL_COUNT: Final = 20
LABEL_KEY_LENGTH: Final = 100
LABEL_VALUE_LENGTH: Final = 200
RELATED_COUNT: Final = 100

PAYLOAD_BYTES: Final = 64 * 1024
MESSAGE_LENGTH: Final = 64 * 1024  # characters; a longer one is cut and says so

# Of a point, either side of zero, and of the values that one histogram stands for. No sum of them,
# however many there are, leaves what the store's columns hold.
VALUE_MOST: Final = 1e150
VALUES_OF_POINT: Final = 10**12

FUTURE: Final = timedelta(minutes=10)
DEFAULT_RETENTION_DAYS: Final = 30
SERIES_PER_WORKSPACE: Final = 20_000  # that are made, or have a point, within SERIES_LIVE
SERIES_LIVE: Final = timedelta(days=1)
# Of more than these, those that have been silent the longest are forgotten.
SERIES_REMEMBERED: Final = 40_000
SERIES_SILENT: Final = timedelta(days=2)
