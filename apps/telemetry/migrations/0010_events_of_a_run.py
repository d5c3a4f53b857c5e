"""
For databases that were made before; where the tables are made today, 0002 makes the index.

Built while senders go on, hence in no transaction: one that is interrupted is run again.
"""

from typing import Any

from django.db import migrations

from apps.telemetry import store
from apps.telemetry.store.port import index_name
from apps.telemetry.store.tables import EVENT

COLUMNS = ("run_id",)


def build(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    with schema_editor.connection.cursor() as cursor:
        store.current().build_index(cursor, EVENT, COLUMNS)


def drop(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index_name(EVENT, COLUMNS)}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("telemetry", "0009_lines_of_all_runs_in_order")]
    operations = [migrations.RunPython(build, drop)]
