"""`make up` migrates when a migration is new, so it has to see the migrations of every app."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps

from infra.local.place import REPOSITORY
from infra.local.up import own_migrations


def test_the_migrations_of_all_our_apps_are_seen() -> None:
    ours = [
        folder
        for config in apps.get_app_configs()
        if (folder := Path(config.path) / "migrations").is_dir()
        and folder.is_relative_to(REPOSITORY)
        and "site-packages" not in folder.parts
    ]
    assert {folder.parts[-3] for folder in ours} >= {"apps", "billing"}

    seen = set(own_migrations())

    assert {file for folder in ours for file in folder.glob("*.py")} <= seen
