"""Rules, what they have collected, what they wait for, when they held, and what was then done."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.automations.enums import ActionKind, AttemptState, DeadlineState, Level
from apps.automations.levels import Standing
from apps.automations.rules import Rule
from apps.automations.triggers import parse_trigger
from apps.core.cipher import EncryptedField
from apps.core.clock import utc_now
from apps.core.models import Record

MAX_NAME_LENGTH = 120
DEADLINE_STATES = [(state.value, state.value) for state in DeadlineState]
ATTEMPT_STATES = [(state.value, state.value) for state in AttemptState]
LEVELS = [(level.value, level.value) for level in Level]
ACTION_KINDS = [(kind.value, kind.value) for kind in ActionKind]


class AutomationQuerySet(models.QuerySet["Automation"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> AutomationQuerySet:
        return self.filter(workspace_id=workspace_id)

    def active(self) -> AutomationQuerySet:
        return self.filter(paused_at=None)


class Automation(Record):
    """A rule: its condition, and what is done each time that it holds."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    description = models.TextField(blank=True)
    trigger = models.JSONField()  # `triggers.plain`
    actions = models.JSONField()  # `actions.plain`
    version = models.PositiveIntegerField(default=1)  # grows with every change
    active_since = models.DateTimeField()  # events that occurred before do not count
    paused_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True, db_default="")  # what keeps it from its metric
    secret = EncryptedField()  # signs calls of webhooks; empty while there are none
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # For whom it acts: who last said what is to be done. By value, so that nobody takes the place
    # of who is gone. Both null: for Headway itself.
    acts_for_user_id = models.UUIDField(null=True)
    acts_for_service_account_id = models.UUIDField(null=True)
    updated_at = models.DateTimeField(default=utc_now)

    drawn_secret: str | None = None  # set by the edit that drew it, which shows it once

    objects = AutomationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="automations_automation_name"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="automations_automation_list"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        return self.paused_at is not None

    @property
    def rule(self) -> Rule:
        """The automation as the evaluator sees it."""
        return Rule(
            id=self.id,
            version=self.version,
            active_since=self.active_since,
            trigger=parse_trigger(self.trigger),
        )


class TriggerBucket(models.Model):
    """What one key of a rule has collected towards its threshold."""

    pk = models.CompositePrimaryKey("automation_id", "key")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    automation = models.ForeignKey(
        Automation, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.TextField()
    newest_at = models.DateTimeField()  # of all events that came, used up or not
    times = ArrayField(models.DateTimeField())
    ids = ArrayField(models.UUIDField())
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "newest_at"], name="automations_bucket_age")
        ]

    def __str__(self) -> str:
        return f"{len(self.ids)} for {self.key}"


class MetricState(models.Model):
    """How one line of a watched metric stands; lines that are well have no row."""

    pk = models.CompositePrimaryKey("automation_id", "key")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    automation = models.ForeignKey(
        Automation, on_delete=models.CASCADE, related_name="metric_states", db_index=False
    )
    key = models.TextField()
    labels: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField()
    level = models.CharField(max_length=16, choices=LEVELS)
    since = models.DateTimeField()  # moments of looks, here and below
    value = models.FloatField(null=True)  # at the latest look
    silent_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.level} for {self.key}"

    @property
    def standing(self) -> Standing:
        return Standing(
            level=Level(self.level),
            since=self.since,
            value=self.value,
            silent_since=self.silent_since,
        )


class Deadline(Record):
    """
    A window in which something is expected, and by when it is decided.

    Of a rule on a metric: its next look. There is one, which is moved along.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    automation = models.ForeignKey(
        Automation, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    version = models.PositiveIntegerField()
    key = models.TextField()
    opened_by = models.UUIDField(null=True)  # the event with which waiting began
    starts_at = models.DateTimeField()  # by the senders' clocks; itself not in the window
    ends_at = models.DateTimeField()  # the last moment in the window
    due_at = models.DateTimeField()  # by our clock
    needed = models.PositiveIntegerField()
    seen = ArrayField(models.UUIDField(), default=list)
    silent = models.PositiveSmallIntegerField(default=0)  # windows without events before this one
    state = models.CharField(
        max_length=16, choices=DEADLINE_STATES, default=DeadlineState.OPEN.value
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["automation", "key", "starts_at", "opened_by"],
                name="automations_deadline_once",
                nulls_distinct=False,
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=Q(state=DeadlineState.OPEN.value),
                name="automations_deadline_due",
            ),
            models.Index(
                fields=["workspace", "due_at"],
                condition=Q(state=DeadlineState.OPEN.value),
                name="automations_deadline_own",
            ),
            models.Index(
                fields=["workspace", "ends_at"],
                condition=~Q(state=DeadlineState.OPEN.value),
                name="automations_deadline_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} by {self.due_at}"


class FiringQuerySet(models.QuerySet["Firing"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> FiringQuerySet:
        return self.filter(workspace_id=workspace_id)


class Firing(Record):
    """One time that a rule held: the decision. What it led to is in the attempts."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    automation = models.ForeignKey(
        Automation, on_delete=models.CASCADE, related_name="firings", db_index=False
    )
    version = models.PositiveIntegerField()
    key = models.TextField()
    fired_at = models.DateTimeField()  # by our clock
    occurred_at = models.DateTimeField()  # of the event that made it hold; the deadline otherwise
    event_id = models.UUIDField(null=True)  # what templates call `event`
    event_at = models.DateTimeField(null=True)
    reason = models.JSONField()
    actions = models.JSONField()  # as they were then
    dedupe_key = models.CharField(max_length=200)

    objects = FiringQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["automation", "dedupe_key"], name="automations_firing_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["automation", "-fired_at", "-id"], name="automations_firing_of_rule"
            ),
            models.Index(fields=["workspace", "-fired_at", "-id"], name="automations_firing_list"),
        ]

    def __str__(self) -> str:
        return f"{self.automation_id} at {self.fired_at}"


class ActionAttempt(Record):
    """One try at one action of a firing: the outcome."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    firing = models.ForeignKey(
        Firing, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    action = models.PositiveSmallIntegerField()  # its place in the firing's list
    kind = models.CharField(max_length=20, choices=ACTION_KINDS)
    number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(
        max_length=16, choices=ATTEMPT_STATES, default=AttemptState.PENDING.value
    )
    due_at = models.DateTimeField()
    enqueued_at = models.DateTimeField(null=True)  # handed to Celery; maybe in vain
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["firing", "action", "number"], name="automations_attempt_once"
            ),
            models.CheckConstraint(
                name="automations_attempt_times",
                condition=Q(state=AttemptState.PENDING.value, started_at=None, ended_at=None)
                | Q(state=AttemptState.RUNNING.value, started_at__isnull=False, ended_at=None)
                | Q(
                    state__in=[
                        AttemptState.SUCCEEDED.value,
                        AttemptState.FAILED.value,
                        AttemptState.GAVE_UP.value,
                    ],
                    ended_at__isnull=False,
                    outcome__isnull=False,
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "due_at", "id"],
                condition=Q(state=AttemptState.PENDING.value),
                name="automations_attempt_waiting",
            ),
            models.Index(
                fields=["workspace", "enqueued_at"],
                condition=Q(state=AttemptState.PENDING.value, enqueued_at__isnull=False),
                name="automations_attempt_handed",
            ),
            models.Index(
                fields=["workspace", "started_at"],
                condition=Q(state=AttemptState.RUNNING.value),
                name="automations_attempt_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}: {self.state}"
