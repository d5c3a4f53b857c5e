"""
What is looked for among events and log lines: text → terms → conditions in SQL.

Pure but for `apps.telemetry.store.conditions`, which writes the SQL. One language for lists,
histograms, live tails and exports; docs/explorer.md describes it.
"""
