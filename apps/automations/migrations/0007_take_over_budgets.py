"""
Budgets become rules on what a month costs, under the ids that they had.

One of which this month's event was told stands as fired, so that its rule does not fire again
before the next month; its firing says so in the history. In SQL, so that no models are made of the
state, which would make each later migration slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

from apps.core.cipher import encrypt

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

TABLES = (
    "costs_budget",
    "automations_automation",
    "automations_deadline",
    "automations_firing",
    "automations_metricstate",
)

TAKE_OVER = """
INSERT INTO automations_automation (
    id, created_at, updated_at, active_since, workspace_id, name, description, trigger, actions,
    version, secret)
SELECT b.id, b.created_at, now(), now(), b.workspace_id,
    CASE WHEN EXISTS (
        SELECT FROM automations_automation a
        WHERE a.workspace_id = b.workspace_id AND a.name = b.name)
    THEN left(b.name, 90) || ' (budget ' || right(b.id::text, 12) || ')' ELSE b.name END,
    '',
    jsonb_build_object(
        'type', 'metric', 'metric', 'headway.cost', 'aggregate', 'sum',
        'where', jsonb_build_object('currency', jsonb_build_array(b.currency))
            || CASE WHEN b.deployment_id IS NULL THEN '{}'::jsonb
               ELSE jsonb_build_object('deployment_id', jsonb_build_array(b.deployment_id)) END,
        'for_each', '[]'::jsonb, 'within_seconds', NULL, 'over', 'month', 'is', 'at_least',
        'threshold', b.amount::float8, 'for_seconds', 0, 'resolve_at', NULL,
        'tell_resolved', false, 'allow_late_seconds', 0),
    '[]'::jsonb, 1, %s
FROM costs_budget b;

INSERT INTO automations_deadline (
    id, created_at, workspace_id, automation_id, version, key, starts_at, ends_at, due_at, needed,
    seen, silent, state)
SELECT gen_random_uuid(), now(), b.workspace_id, b.id, 1, '',
    date_trunc('month', now(), 'UTC'), at.minute, at.minute, 0, '{}', 0, 'OPEN'
FROM costs_budget b, LATERAL (
    SELECT date_trunc('minute', now()) + interval '1 minute' AS minute) AS at;

INSERT INTO automations_metricstate (workspace_id, automation_id, key, labels, level, since)
SELECT workspace_id, id, '', '{}'::jsonb, 'FIRING', now() FROM costs_budget
WHERE reached_month = date_trunc('month', now() AT TIME ZONE 'UTC')::date;

INSERT INTO automations_firing (
    id, created_at, workspace_id, automation_id, version, key, fired_at, occurred_at, reason,
    actions, dedupe_key)
SELECT gen_random_uuid(), at.told, b.workspace_id, b.id, 1, '', at.told, at.told,
    jsonb_build_object(
        'type', 'metric', 'state', 'firing', 'metric', 'headway.cost', 'aggregate', 'sum',
        'text', 'It cost ' || b.amount || ' ' || b.currency || ' or more in '
            || to_char(b.reached_month, 'FMMonth YYYY') || '.',
        'is', 'at_least', 'value', NULL, 'threshold', b.amount::float8, 'series', '{}'::jsonb,
        'window', jsonb_build_object(
            'from', to_char(b.reached_month, 'YYYY-MM-DD"T"00:00:00.000000"Z"'),
            'to', to_char(at.told AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
        'since', to_char(at.told AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'count', 0, 'month', to_char(b.reached_month, 'YYYY-MM'), 'currency', b.currency),
    '[]'::jsonb, 'month:' || to_char(b.reached_month, 'YYYY-MM') || ':before'
FROM costs_budget b, LATERAL (SELECT least(
    now(), (b.reached_month + interval '1 month')::timestamp AT TIME ZONE 'UTC') AS told) AS at
WHERE b.reached_month IS NOT NULL;
"""


class TakeOverBudgets(migrations.RunSQL):
    """Copies them; what a rule without webhooks keeps as its secret is encrypted, too."""

    def __init__(self) -> None:
        super().__init__(TAKE_OVER, migrations.RunSQL.noop)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__name__, [], {}

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002 - as Django calls it
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002 - as Django calls it
        to_state: ProjectState,  # noqa: ARG002 - as Django calls it
    ) -> None:
        copy, *others = TAKE_OVER.split(";\n\n")
        # The owner of the tables is under row security as well, and no policy lets it through.
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(copy, [encrypt(b"")])
        for statement in others:
            schema_editor.execute(statement, None)
        # What is checked at the commit otherwise, as foreign keys are, would be in the way.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("automations", "0006_say_that_there_is_no_data"), ("costs", "0001_costs")]
    operations = [TakeOverBudgets()]
