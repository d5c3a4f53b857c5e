#!/bin/sh
# Draw the secrets of a new installation into ./secrets; what is already there stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
# Containers read them as their own users, so the files are open and the folder is closed.
draw() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -e "secrets/$1" ] || { printf '%s\n' "$2" >"secrets/$1"; chmod 644 "secrets/$1"; }; }
keep secret_key "$(draw)$(draw)"
keep encryption_keys "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
keep superuser_password "$(draw)"
keep database_url "postgresql://headway_app:$(draw)@db:5432/headway"
keep database_worker_url "postgresql://headway_worker:$(draw)@db:5432/headway"
keep database_owner_url "postgresql://headway_owner:$(draw)@db:5432/headway"
echo "Secrets are in $(pwd)/secrets."
