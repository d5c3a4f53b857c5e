"""
Bytes → items. Pure.

The whole batch is decoded at once; only when that fails is it decoded item by item, so that one
bad item is refused by its index and the rest is kept.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from apps.core.errors import BatchTooLarge, InvalidRequest, UnsupportedMedia
from apps.ingest import limits
from apps.ingest.envelope import ITEM_TYPES, IngestBatch, LooseBatch
from apps.telemetry.items import NewEvent, Refusal, holds_nul, without_nul

# Each costs a copy of all that follows it, and a body of empty ones would hold a quarter million.
MAX_GZIP_MEMBERS: Final = 64

_PATH = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")
# An escape of JSON. Two surrogates are one character; the group is half of one, which is none.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

_batch = msgspec.json.Decoder(IngestBatch)
_loose = msgspec.json.Decoder(LooseBatch)
_events = msgspec.json.Decoder(list[NewEvent])
_loose_list = msgspec.json.Decoder(list[Raw])
_items: Final[Mapping[str, msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(type_) for kind, type_ in ITEM_TYPES.items()
}


class Decoded(Struct, kw_only=True):
    """
    The items that could be read, and refusals of the others.

    `places[kind][i]` is where item i of that kind stood in the request; kinds that were read as a
    whole are not in it. `as_sent(kind, place)` is an item's own bytes, to show what was refused.
    `claims[i]` are ids that may be the run of event i, the likeliest first. `retold` are places of
    what is known by less than it says, so that a repeat may say it in other words. `whole`: its
    sender repeats all of the request or nothing, so over a rate limit nothing of it is taken.
    """

    batch: IngestBatch
    refusals: list[Refusal] = []
    places: dict[str, list[int]] = {}
    count: int = 0
    as_sent: Callable[[str, int], bytes | None] | None = None
    claims: dict[int, list[UUID]] = {}
    retold: frozenset[int] = frozenset()
    whole: bool = False

    def place(self, kind: str, index: int) -> int:
        """Return where the item stood in the request."""
        places = self.places.get(kind)
        return index if places is None else places[index]


def unpack(body: bytes, encoding: str) -> bytes:
    """
    Return the body, unpacked when it was packed.

    Raises: UnsupportedMedia for an unknown encoding, BatchTooLarge for what unpacks to too much
    (nothing beyond the limit is unpacked), InvalidRequest for broken data.
    """
    if len(body) > limits.SENT_BYTES:
        raise too_many_bytes()
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise UnsupportedMedia("The Content-Encoding must be gzip or identity.", encoding=encoding)
    parts: list[bytes] = []
    room = limits.UNPACKED_BYTES + 1
    rest = body
    try:
        while rest:
            if len(parts) == MAX_GZIP_MEMBERS:
                raise InvalidRequest(f"The gzip data has over {MAX_GZIP_MEMBERS} members.")
            stream = zlib.decompressobj(wbits=31)
            parts.append(stream.decompress(rest, room))
            room -= len(parts[-1])
            if room <= 0:
                raise BatchTooLarge(f"The body unpacks to more than {limits.UNPACKED_BYTES} bytes.")
            if not stream.eof:
                raise InvalidRequest("The gzip data ends too early.")
            rest = stream.unused_data
    except zlib.error as error:
        raise InvalidRequest("The body is not gzip data.") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def too_many_bytes() -> BatchTooLarge:
    """Return the refusal of a body that is too large as sent."""
    return BatchTooLarge(f"The body is over {limits.SENT_BYTES} bytes: send smaller batches.")


def decode_batch(body: bytes) -> Decoded:
    """
    Read the body of `POST …/ingest`.

    Raises: InvalidRequest when it is not an object of lists, BatchTooLarge above the item limit.
    """
    body = readable(body)
    try:
        batch = _batch.decode(body)
    except msgspec.ValidationError:
        return _decode_loosely(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(error) from error
    count = (
        len(batch.runs)
        + len(batch.task_runs)
        + len(batch.logs)
        + len(batch.events)
        + len(batch.points)
        + len(batch.heartbeats)
    )
    check_count(count)
    return Decoded(batch=batch, count=count, as_sent=_parts_of(body))


def decode_events(body: bytes) -> Decoded:
    """Read the body of `POST …/events`: a list of events, or an object that holds one."""
    body = readable(body)
    if body.lstrip()[:1] != b"[":
        decoded = decode_batch(body)
        if decoded.count != len(decoded.batch.events) + len(decoded.refusals) or any(
            refusal.kind != "events" for refusal in decoded.refusals
        ):
            raise InvalidRequest(
                "Only events can be sent here.", fields={"body": ["Send the rest to …/ingest."]}
            )
        return decoded
    try:
        events = _events.decode(body)
    except msgspec.ValidationError:
        try:
            parts = _loose_list.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise malformed(error) from error
        check_count(len(parts))
        decoded = Decoded(batch=IngestBatch(), count=len(parts), as_sent=_parts_of(body))
        decoded.batch.events = _decode_items("events", parts, decoded)
        return decoded
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(error) from error
    check_count(len(events))
    batch = IngestBatch(events=events)
    return Decoded(batch=batch, count=len(events), as_sent=_parts_of(body))


def readable(body: bytes) -> bytes:
    """
    Return JSON without what is no text: NUL, which Postgres cannot hold, and halves of characters.

    Either becomes U+FFFD. Python's json writes half a surrogate pair for each byte of a file's name
    that is not UTF-8, and one such name must not keep a batch out.
    Raises: BatchTooLarge for more values than anything is made of, InvalidRequest for what is not
    UTF-8, and for JSON with NUL that is broken besides.
    """
    # SECURITY: counted before anything is decoded; between two values stands a comma.
    if body.count(b",") >= limits.VALUES:
        raise BatchTooLarge(
            f"The JSON holds more than {limits.VALUES:,} values: send smaller batches."
        )
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The body is not UTF-8 text.") from error
    body = with_whole_characters(body)
    if not holds_nul(body):
        return body
    # Postgres text holds no NUL. Rare enough to be cleaned the slow way, before anything else.
    try:
        return msgspec.json.encode(_cleaned(msgspec.json.decode(body)))
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(error) from error


def with_whole_characters(json: bytes) -> bytes:
    """Return JSON with U+FFFD for each half of a surrogate pair: those are no characters."""
    if b"\\ud" in json or b"\\uD" in json:
        return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], json)
    return json


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return without_nul(value)
    if isinstance(value, dict):
        return {without_nul(name): _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value


def check_count(count: int, most: int = limits.ITEMS) -> None:
    """Raises: BatchTooLarge above the limit."""
    if count > most:
        raise BatchTooLarge(
            f"The batch holds more than {most} items: send smaller batches.", items=count
        )


def malformed(error: Exception) -> InvalidRequest:
    """Return the refusal of a body that is not JSON."""
    if isinstance(error, RecursionError):
        return InvalidRequest("The JSON is nested too deeply.")
    return InvalidRequest(f"The body is not valid JSON: {error}")


def _decode_loosely(body: bytes) -> Decoded:
    try:
        loose = _loose.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        if not isinstance(error, msgspec.ValidationError):
            raise malformed(error) from error
        message, field = explain(error)
        raise InvalidRequest(
            "The batch does not have the form of one.", fields={field or "body": [message]}
        ) from error
    lists: dict[str, list[Raw]] = {kind: getattr(loose, kind) for kind in ITEM_TYPES}
    count = sum(map(len, lists.values()))
    check_count(count)
    decoded = Decoded(batch=IngestBatch(), count=count, as_sent=_parts_of(body))
    for kind, parts in lists.items():
        setattr(decoded.batch, kind, _decode_items(kind, parts, decoded))
    return decoded


def _decode_items(kind: str, parts: Sequence[Raw], decoded: Decoded) -> list[Any]:
    decoder = _items[kind]
    items: list[Any] = []
    places: list[int] = []
    for index, part in enumerate(parts):
        try:
            items.append(decoder.decode(part))
        except (msgspec.DecodeError, RecursionError) as error:
            message, field = explain(error)
            decoded.refusals.append(
                Refusal(kind=kind, index=index, code="invalid_item", message=message, field=field)
            )
        else:
            places.append(index)
    decoded.places[kind] = places
    return items


def _parts_of(body: bytes) -> Callable[[str, int], bytes | None]:
    """Return how to get at an item's bytes. Nothing is done until something was refused."""

    @cache
    def parts() -> Mapping[str, Sequence[Raw]]:
        if body.lstrip()[:1] == b"[":
            return {"events": _loose_list.decode(body)}
        loose = _loose.decode(body)
        return {kind: getattr(loose, kind) for kind in ITEM_TYPES}

    return lambda kind, place: bytes(parts()[kind][place])


def explain(error: Exception) -> tuple[str, str | None]:
    """Return msgspec's message without its path, and the path of the field it is about."""
    if isinstance(error, RecursionError):
        return "Nested too deeply.", None
    text = str(error)
    path = _PATH.search(text)
    message = text[: path.start()] if path else text
    field = path[1] if path else ""
    named = _UNKNOWN.search(message) or _MISSING.search(message)
    if named:
        field = f"{field}.{named[1]}" if field else named[1]
    return f"{message}.", field or None
