-- What the application roles may do in the database they connect to; safe to run again.
-- Default privileges, so that a table made by any later migration is reachable without a grant of its own.
ALTER DEFAULT PRIVILEGES FOR ROLE headway_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO headway_app, headway_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE headway_owner
    GRANT USAGE, SELECT ON SEQUENCES TO headway_app, headway_worker;
