"""
What an agent's sign of life does, as functions: their plans are made once per connection.

Invoked as the caller's role: row security holds inside as it does outside.
"""

from django.db import migrations

# OFFSET 0 and the array keep to the keys, however old the statistics: a beat names ten leases, and
# whoever reads the table for them reads all that are held.
BEAT = """
CREATE FUNCTION dispatch_beat(
    place uuid, held_runs uuid[], held_epochs int[], heard_at timestamptz
) RETURNS TABLE (run_id uuid, epoch int, state text, waits_for text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH active AS MATERIALIZED (
            SELECT lease.id, lease.run_id, lease.epoch
            FROM unnest(held_runs, held_epochs) AS held(run_id, epoch)
            CROSS JOIN LATERAL (
                SELECT found.id, found.run_id, found.epoch FROM dispatch_lease AS found
                WHERE found.run_id = held.run_id AND found.epoch = held.epoch
                  AND found.ended_at IS NULL AND found.workspace_id = place OFFSET 0) AS lease),
        heard AS (
            UPDATE dispatch_leasebeat AS beat SET beat_at = heard_at
            WHERE beat.lease_id = ANY (ARRAY(SELECT active.id FROM active))
            RETURNING beat.lease_id)
        SELECT active.run_id, active.epoch, run.state::text, run.kind
        FROM heard JOIN active ON active.id = heard.lease_id
        CROSS JOIN LATERAL (
            SELECT found.state, found.resumes ->> 'kind' AS kind FROM runs_run AS found
            WHERE found.id = active.run_id OFFSET 0) AS run;
END $$;
"""

# NULL: there is no such agent.
GREET = """
CREATE FUNCTION dispatch_greet(
    place uuid, its_pool uuid, its_id uuid, its_name text, its_host text, its_pid int,
    its_version text, its_labels jsonb, its_capacity int, heard_at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    is_draining boolean;
BEGIN
    UPDATE dispatch_agent AS agent
    SET name = its_name, host = its_host, pid = its_pid, version = its_version,
        labels = its_labels, capacity = its_capacity, last_seen_at = heard_at
    WHERE agent.id = its_id AND agent.workspace_id = place AND agent.pool_id = its_pool
    RETURNING agent.draining_at IS NOT NULL INTO is_draining;
    RETURN is_draining;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0007_depth_samples")]
    operations = [
        migrations.RunSQL(BEAT, "DROP FUNCTION dispatch_beat(uuid, uuid[], int[], timestamptz)"),
        migrations.RunSQL(
            GREET,
            "DROP FUNCTION dispatch_greet"
            "(uuid, uuid, uuid, text, text, int, text, jsonb, int, timestamptz)",
        ),
    ]
