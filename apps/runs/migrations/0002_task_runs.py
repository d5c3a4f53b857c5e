"""
The table of task runs: cut by its UUIDv7 ids, a week a partition, on both kinds of store.

The primary key leads with the run, so that it serves the reads of one run as well, and so that two
workspaces can never meet in a conflict over one id.
"""

from django.db import migrations

TABLE = """
CREATE TABLE runs_taskrun (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    run_id uuid NOT NULL,
    task_name text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    attempt integer NOT NULL,
    map_index integer,
    epoch integer NOT NULL,
    sequence bigint NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    depends_on uuid[],
    error jsonb,
    PRIMARY KEY (run_id, id),
    CONSTRAINT runs_taskrun_ended_iff_finished CHECK (
        (state IN ('CACHED', 'CANCELLED', 'COMPLETED', 'CRASHED', 'FAILED', 'SKIPPED', 'TIMED_OUT'))
        = (ended_at IS NOT NULL)),
    CONSTRAINT runs_taskrun_ends_after_start CHECK (ended_at >= started_at)
) PARTITION BY RANGE (id);

-- Ids of another time than any partition's: reported late, or made by a clock that is far off.
CREATE TABLE runs_taskrun_rest PARTITION OF runs_taskrun DEFAULT;
REVOKE ALL ON runs_taskrun_rest FROM headway_app, headway_worker;

CREATE FUNCTION runs_make_partitions(until timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $body$
DECLARE
    week constant bigint := 7 * 86400;
    slot bigint;
    part text;
BEGIN
    IF until > now() + interval '60 days' THEN
        RAISE EXCEPTION 'no partition of runs_taskrun for %', until;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('runs_make_partitions'));
    -- Weeks begin where 1970 did, on a Thursday. The last one is there for clocks that are slow.
    FOR slot IN SELECT generate_series(
        extract(epoch FROM now())::bigint / week - 1, extract(epoch FROM until)::bigint / week)
    LOOP
        part := 'runs_taskrun_p' || to_char(to_timestamp(slot * week) AT TIME ZONE 'UTC', 'YYYYMMDD');
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.runs_taskrun'
            ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', part);
        EXECUTE format('REVOKE ALL ON public.%I FROM headway_app, headway_worker', part);
        EXECUTE format('ALTER TABLE public.runs_taskrun ATTACH PARTITION public.%I'
            ' FOR VALUES FROM (%L) TO (%L)', part,
            rpad(lpad(to_hex(slot * week * 1000), 12, '0'), 32, '0')::uuid,
            rpad(lpad(to_hex((slot + 1) * week * 1000), 12, '0'), 32, '0')::uuid);
        RETURN NEXT part;
    END LOOP;
END
$body$;

CREATE FUNCTION runs_drop_partitions(before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '3s' AS $body$
DECLARE
    part text;
BEGIN
    FOR part IN
        SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = 'public.runs_taskrun'::regclass
          -- CASE, because the planner may ask this of all that is in pg_class first.
          AND (CASE WHEN child.relname ~ '^runs_taskrun_p[0-9]{8}$' THEN
                  to_date(right(child.relname, 8), 'YYYYMMDD') END + 7)::timestamp
              AT TIME ZONE 'UTC' <= before
        ORDER BY child.relname LIMIT 1
    LOOP
        EXECUTE format('DROP TABLE public.%I', part);
        RETURN NEXT part;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RETURN;  -- a long reader; the janitor comes again
END
$body$;

REVOKE ALL ON FUNCTION runs_make_partitions(timestamptz), runs_drop_partitions(timestamptz)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION runs_make_partitions(timestamptz), runs_drop_partitions(timestamptz)
    TO headway_worker;
SELECT runs_make_partitions(now() + interval '15 days');
"""

BACK = """
DROP FUNCTION runs_make_partitions(timestamptz);
DROP FUNCTION runs_drop_partitions(timestamptz);
DROP TABLE runs_taskrun;
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_runs")]
    operations = [migrations.RunSQL(TABLE, BACK)]
