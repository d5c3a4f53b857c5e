"""Every test here that needs the database runs on each store that the server offers."""

from __future__ import annotations

from tests.stores import each_store, forget_series, other_stores

__all__ = ["each_store", "forget_series", "other_stores"]
