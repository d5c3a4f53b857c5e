"""
For databases that were made before: the functions that drop old partitions read a date from the
names of partitions only, whatever plan Postgres chooses. New databases have them so already.
"""

from django.db import migrations

MEND = """
DO $do$
DECLARE
    definition text;
    reads constant text := $x$to_date(right(child.relname, 8), 'YYYYMMDD')$x$;
BEGIN
    FOR definition IN
        SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
          AND proname IN ('telemetry_drop_before', 'runs_drop_partitions')
          AND strpos(prosrc, reads) > 0 AND strpos(prosrc, 'CASE WHEN child.relname') = 0
    LOOP
        EXECUTE replace(
            definition, reads,
            $x$CASE WHEN child.relname ~ '_p[0-9]{8}$' THEN $x$ || reads || ' END');
    END LOOP;
END
$do$;
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0003_listeners"), ("runs", "0002_task_runs")]
    operations = [migrations.RunSQL(MEND, migrations.RunSQL.noop)]
