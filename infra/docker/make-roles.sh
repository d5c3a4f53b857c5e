#!/bin/bash
# Runs once, inside the database's container, when its data folder is new: the three roles with their
# passwords from the secrets, the database's owner, the extension.
set -euo pipefail

psql=(psql --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname headway)
"${psql[@]}" --file /headway/roles.sql
for pair in headway_owner:database_owner_url headway_app:database_url \
    headway_worker:database_worker_url; do
    role=${pair%%:*}
    url=$(cat "/run/secrets/${pair#*:}")
    password=${url#*://*:}
    password=${password%%@*}
    "${psql[@]}" --set role="$role" --set password="$password" <<<"ALTER ROLE :\"role\" PASSWORD :'password'"
done
"${psql[@]}" --command "ALTER DATABASE headway OWNER TO headway_owner"
"${psql[@]}" --command "CREATE EXTENSION IF NOT EXISTS timescaledb"
"${psql[@]}" --file /headway/database.sql
