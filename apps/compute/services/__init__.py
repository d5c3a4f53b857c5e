"""Use cases of compute; other apps import this package only."""
