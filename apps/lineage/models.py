"""
What exists in a workspace's data stack and how it touched, put together from events.

Ids of resources and relations are made of what they stand for (`names.Key.id_in`), so that writers
ask for none. Everything that events bring is merged so that the order of events does not matter:
least and greatest times, sums, and of values the one with the latest (time, id of its event).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models

LABEL_LENGTH = 200


class ResourceQuerySet(models.QuerySet["Resource"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ResourceQuerySet:
        return self.filter(workspace_id=workspace_id)


class Resource(models.Model):
    """One thing: a table, a person, a dashboard. Known by kind, namespace and normalised name."""

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.TextField()
    namespace = models.TextField()
    name = models.TextField()
    # What lists sort by and people read: the name's beginning, or what an upper layer calls it.
    label = models.CharField(max_length=LABEL_LENGTH)
    first_seen = models.DateTimeField()
    # Not indexed, nor are counts: each batch changes them, in place.
    last_seen = models.DateTimeField()
    count = models.BigIntegerField()  # events that named it

    objects = ResourceQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "label", "id"], name="lineage_resource_list"),
            models.Index(
                fields=["workspace", "kind", "label", "id"], name="lineage_resource_by_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Facet(models.Model):
    """What was last said of a resource under one name: its text, owner's description, checks."""

    pk = models.CompositePrimaryKey("workspace_id", "resource_id", "name")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    resource_id = models.UUIDField()
    name = models.CharField(max_length=40)
    at = models.DateTimeField()
    event_id = models.UUIDField()
    value = models.JSONField()

    def __str__(self) -> str:
        return f"{self.name} of {self.resource_id}"


class SchemaVersion(models.Model):
    """One set of columns that a table was seen with; `hash` is of the columns."""

    pk = models.CompositePrimaryKey("workspace_id", "resource_id", "hash")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    resource_id = models.UUIDField()
    hash = models.CharField(max_length=16)
    columns = models.JSONField()  # [{name, type}], in the table's order
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.hash} of {self.resource_id}"


class SchemaSighting(models.Model):
    """That a table was seen with a set of columns on a day: columns may go and come back."""

    pk = models.CompositePrimaryKey("workspace_id", "resource_id", "day", "hash")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    resource_id = models.UUIDField()
    day = models.DateField()  # of UTC
    hash = models.CharField(max_length=16)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.hash} of {self.resource_id} on {self.day}"


class Reading(models.Model):
    """The last value of a measure (rows, bytes) that a table was said to have within one hour."""

    pk = models.CompositePrimaryKey("workspace_id", "resource_id", "measure", "hour")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    resource_id = models.UUIDField()
    measure = models.CharField(max_length=20)
    hour = models.DateTimeField()
    at = models.DateTimeField()
    event_id = models.UUIDField()
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.measure} of {self.resource_id} at {self.at}"


class Relation(models.Model):
    """
    How one resource touched another, since when, until when, how often.

    The kinds of both ends stand in the indexes: a table has few readers, but thousands of queries,
    and a graph without queries does not read past them.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    from_id = models.UUIDField()
    role = models.TextField()
    to_id = models.UUIDField()
    from_kind = models.TextField()
    to_kind = models.TextField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "from_id", "to_kind"], name="lineage_relation_from"),
            models.Index(fields=["workspace", "to_id", "from_kind"], name="lineage_relation_to"),
        ]

    def __str__(self) -> str:
        return f"{self.from_id} {self.role} {self.to_id}"


class Touch(models.Model):
    """
    What a run of this workspace touched.

    `counted` of its `count` are in the relations of the run's deployment; what is not waits until
    it is known whose run it was.
    """

    pk = models.CompositePrimaryKey("workspace_id", "run_id", "role", "resource_id")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run_id = models.UUIDField()
    role = models.CharField(max_length=200)
    resource_id = models.UUIDField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.BigIntegerField()
    counted = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            # Which runs of some hours touched a table; their ids carry their time.
            models.Index(fields=["workspace", "resource_id", "-run_id"], name="lineage_touch_of"),
            # Which touched it last: a run that is tried again, or a backfill's, is older than that.
            models.Index(
                fields=["workspace", "resource_id", "-last_seen", "-run_id", "role"],
                name="lineage_touch_last",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.role} {self.resource_id}"


class KnownRun(models.Model):
    """Whose run it was: the resource of its deployment, or of its flow when it had none."""

    pk = models.CompositePrimaryKey("workspace_id", "run_id")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run_id = models.UUIDField()
    owner_id = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.run_id} of {self.owner_id}"


class Alias(models.Model):
    """
    Two names that people said are one thing. Taken into account when reading only: what was told
    of either stays under its own name, so that taking the alias back loses nothing.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    alias = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    created_by = models.JSONField(null=True)  # {"kind", "id", "name"} of the actor, as of then

    class Meta:
        verbose_name_plural = "aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alias"], name="lineage_alias_once"),
            models.CheckConstraint(
                condition=~models.Q(alias=models.F("target")), name="lineage_alias_of_another"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="lineage_alias_list")
        ]

    def __str__(self) -> str:
        return f"{self.alias_id} is {self.target_id}"
