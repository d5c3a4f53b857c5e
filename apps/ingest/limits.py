"""How much one request may hold."""

from __future__ import annotations

from typing import Final

SENT_BYTES: Final = 5 * 1024 * 1024
UNPACKED_BYTES: Final = 50 * 1024 * 1024
# Of JSON: each is an object in memory, and 50 MB of the smallest would be gigabytes of those.
VALUES: Final = 3_000_000
ITEMS: Final = 5_000
# Of doors whose clients choose the size: collectors put 8,192 items into a batch unless told
# otherwise, and drop one that is refused for its size.
FOREIGN_ITEMS: Final = 20_000
JSON_BYTES: Final = 64 * 1024  # a run's parameters
TEXT_LENGTH: Final = 64 * 1024  # characters of a message or traceback; more is cut
DEPENDENCIES: Final = 10_000  # of one task run
