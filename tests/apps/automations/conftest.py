from tests.stores import each_store, forget_series, other_stores

__all__ = ["each_store", "forget_series", "other_stores"]
