"""What decoders of foreign protocols collect: native items, and refusals of the rest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar
from uuid import UUID

from msgspec import Meta

from apps.ingest.decode import Decoded
from apps.ingest.envelope import IngestBatch
from apps.telemetry import limits
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, Refusal

Item = TypeVar("Item", NewEvent, NewLogLine, NewPoint)

# As the store's items have them: constraints count only where bytes are decoded into types.
EventName = Annotated[str, Meta(min_length=1, max_length=limits.NAME_LENGTH)]
Namespace = Annotated[str, Meta(max_length=limits.NAME_LENGTH)]
ResourceName = Annotated[str, Meta(min_length=1, max_length=limits.RESOURCE_NAME_LENGTH)]
Moment = Annotated[datetime, Meta(tz=True)]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ItemRefused(Exception):
    """One item cannot be taken; the others can."""

    def __init__(self, message: str, field: str | None = None, code: str = "invalid_item") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


class Collector:
    """
    Items of one kind, each with its place among the items of the request.

    An item of the request may become several of ours (a summary becomes a point for each quantile);
    they share its place.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.raws: list[bytes] = []
        self.items: list[object] = []
        self.places: list[int] = []
        self.refusals: list[Refusal] = []
        self.claims: dict[int, list[UUID]] = {}
        self.retold: set[int] = set()

    def begin(self, raw: bytes) -> None:
        """The next item of the request; what is added or refused from here on is of it."""
        self.raws.append(raw)

    @property
    def place(self) -> int:
        return len(self.raws) - 1

    def add(self, item: object, claims: Sequence[UUID] = (), *, retold: bool = False) -> None:
        """Keep an item. `retold`: its id says less than it does, so repeats may differ."""
        if retold:
            self.retold.add(self.place)
        if claims:
            self.claims[len(self.items)] = list(claims)
        self.items.append(item)
        self.places.append(self.place)

    def refuse(self, refused: ItemRefused) -> None:
        self.refusals.append(
            Refusal(
                kind=self.kind,
                index=self.place,
                code=refused.code,
                message=refused.message,
                field=refused.field,
            )
        )

    def decoded(self) -> Decoded:
        batch = IngestBatch()
        setattr(batch, self.kind, self.items)
        return Decoded(
            batch=batch,
            refusals=self.refusals,
            places={self.kind: self.places},
            count=len(self.raws),
            as_sent=lambda _, place: self.raws[place],
            claims=self.claims,
            retold=frozenset(self.retold),
        )


def moment_of(nanoseconds: int, field: str) -> datetime:
    """
    Return the moment, to the microsecond.

    Raises: ItemRefused for 0, which stands for a time that was not given, and beyond the calendar.
    """
    if nanoseconds <= 0:
        raise ItemRefused("Expected a time.", field)
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1_000)
    except OverflowError as error:
        raise ItemRefused("The time is beyond the calendar.", field) from error


def uuid_of(text: object) -> UUID | None:
    """Return the UUID that a text is, if it is one."""
    if not isinstance(text, str) or not 32 <= len(text) <= 45:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
