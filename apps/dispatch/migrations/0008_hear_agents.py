"""
What signs of life do, as functions: their plans are made once per connection.

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

# A statement by itself, of many agents of one workspace: it enters the workspace, and leaves it as
# it found it. Rows are taken in the order of their ids, so that two such statements cannot cross.
# Nobody waits for the disk: a beat that is lost with the database is followed by the next, and
# while the database is away no lease runs out.
HEAR = """
CREATE FUNCTION dispatch_hear(
    place uuid, heard_at timestamptz, its_pools uuid[], its_ids uuid[], its_names text[],
    its_hosts text[], its_pids int[], its_versions text[], its_labels text[],
    its_capacities int[], held_runs uuid[], held_epochs int[]
) RETURNS TABLE (agent uuid, is_draining boolean, run_id uuid, epoch int, state text,
                 waits_for text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    before text := coalesce(current_setting('app.workspace', true), '');
BEGIN
    PERFORM set_config('app.workspace', place::text, true),
            set_config('synchronous_commit', 'off', true);
    RETURN QUERY
        UPDATE dispatch_agent AS agent
        SET name = said.name, host = said.host, pid = said.pid, version = said.version,
            labels = said.labels::jsonb, capacity = said.capacity, last_seen_at = heard_at
        FROM unnest(its_pools, its_ids, its_names, its_hosts, its_pids, its_versions, its_labels,
                    its_capacities)
             AS said(pool_id, id, name, host, pid, version, labels, capacity)
        WHERE agent.id = said.id AND agent.workspace_id = place AND agent.pool_id = said.pool_id
        RETURNING agent.id, agent.draining_at IS NOT NULL, NULL::uuid, NULL::int, NULL, NULL;
    RETURN QUERY
        SELECT NULL::uuid, NULL::boolean, beat.*
        FROM dispatch_beat(place, held_runs, held_epochs, heard_at) AS beat;
    PERFORM set_config('app.workspace', before, true);
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
        migrations.RunSQL(
            HEAR,
            "DROP FUNCTION dispatch_hear(uuid, timestamptz, uuid[], uuid[], text[], text[], int[],"
            " text[], text[], int[], uuid[], int[])",
        ),
    ]
