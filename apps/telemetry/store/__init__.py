"""
The only raw time-series SQL of the product. `current()` is the only place that knows which store.
"""

from __future__ import annotations

from django.db import connection

from apps.telemetry.store.partitions import PartitionStore
from apps.telemetry.store.port import Cursor, Store
from apps.telemetry.store.tables import EVENT
from apps.telemetry.store.timescale import TimescaleStore

_PARTITIONS: Store = PartitionStore()
_TIMESCALE: Store = TimescaleStore()
_known: dict[str, Store] = {}


def current() -> Store:
    """Return the store of the database we are connected to; looked up once per process."""
    database = str(connection.settings_dict["NAME"])
    store = _known.get(database)
    if store is None:
        with connection.cursor() as cursor:
            # What the tables are, not what the server offers: an extension that was created after
            # the migration changes nothing.
            cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE relname = %s", [EVENT.name])
            row = cursor.fetchone()
        if row is None:
            raise LookupError("The time-series tables are not there: run the migrations.")
        store = _known[database] = _PARTITIONS if row[0] else _TIMESCALE
    return store


def for_new_tables(cursor: Cursor) -> Store:
    """Return the store that a migration makes the tables in: TimescaleDB where it is created."""
    cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
    return _PARTITIONS if cursor.fetchone() is None else _TIMESCALE
