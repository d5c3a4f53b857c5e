"""
For databases that were made before; where the tables are made today, 0002 makes the index.

Built while senders go on, hence in no transaction: one that is interrupted is run again.
"""

from typing import Any

from django.db import migrations

from apps.telemetry import store
from apps.telemetry.store.port import index_name
from apps.telemetry.store.tables import LOG_LINE

COLUMNS = ("workspace_id", "occurred_at")


def build(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    with schema_editor.connection.cursor() as cursor:
        store.current().build_index(cursor, LOG_LINE, COLUMNS)


def drop(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index_name(LOG_LINE, COLUMNS)}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("telemetry", "0008_retention_by_kind")]
    operations = [migrations.RunPython(build, drop)]
