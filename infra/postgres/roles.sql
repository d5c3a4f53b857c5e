-- The three roles of Headway, safe to run again. Passwords and membership are set by whoever runs this.
--   headway_owner   owns the tables and migrates them
--   headway_app     requests and background tasks; row security confines it to one workspace
--   headway_worker  loops that serve all workspaces; never serves a request
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['headway_owner', 'headway_app', 'headway_worker'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', name);
        END IF;
    END LOOP;
END
$$;
