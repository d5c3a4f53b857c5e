"""
A new partition takes over what of its week is in the partition of the rest.

While any such row was there, the new one could not be attached: nobody had partitions any more.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION runs_make_partitions(until timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $body$
DECLARE
    week constant bigint := 7 * 86400;
    slot bigint;
    part text;
    first uuid;
    next uuid;
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
        first := rpad(lpad(to_hex(slot * week * 1000), 12, '0'), 32, '0')::uuid;
        next := rpad(lpad(to_hex((slot + 1) * week * 1000), 12, '0'), 32, '0')::uuid;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.runs_taskrun'
            ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', part);
        EXECUTE format('REVOKE ALL ON public.%I FROM headway_app, headway_worker', part);
        EXECUTE format('WITH moved AS (DELETE FROM public.runs_taskrun_rest'
            ' WHERE id >= %L AND id < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
            first, next, part);
        EXECUTE format('ALTER TABLE public.runs_taskrun ATTACH PARTITION public.%I'
            ' FOR VALUES FROM (%L) TO (%L)', part, first, next);
        RETURN NEXT part;
    END LOOP;
END
$body$;
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0007_index_parked_runs")]
    # The way back keeps the function: it makes the same partitions.
    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]
