"""
One thing, one name: how what senders call a table becomes the name under which it is known.

Pure. docs/world.md states the rules; the tests hold them as a table. The namespaces are those of
OpenLineage's naming specification (`postgres://host:port`, `snowflake://account`, `bigquery` …).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple
from urllib.parse import unquote
from uuid import UUID

COLUMN: Final = "#"  # between a table's name and that of its column
# PERF: what senders name they name again and again. Short names only, which bounds the memory.
REMEMBERED: Final = 16_384
REMEMBERED_LENGTH: Final = 400


class Folding(StrEnum):
    """What a database makes of letters that were not quoted."""

    LOWER = "lower"
    UPPER = "upper"
    NONE = "none"


# PERF: without `eq`, one is itself: its fields are not hashed each time that a name is remembered.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dialect:
    """How one kind of database names tables."""

    name: str
    quotes: str = '"'  # opening marks; `[` closes with `]`
    folding: Folding = Folding.LOWER
    keeps_quoted: bool = True  # False: letters are folded within quotes too
    parts: int = 3  # of a full name
    schema: str | None = None  # where a bare name is looked for
    port: int | None = None
    is_file: bool = False  # the namespace names one database: its file


_POSTGRES: Final = Dialect(name="postgres", schema="public", port=5432)
DIALECTS: Final[dict[str, Dialect]] = {
    each.name: each
    for each in (
        _POSTGRES,
        Dialect(name="redshift", schema="public", port=5439, keeps_quoted=False),
        Dialect(name="snowflake", folding=Folding.UPPER, schema="PUBLIC"),
        Dialect(name="bigquery", quotes="`", folding=Folding.NONE),
        Dialect(name="duckdb", schema="main", keeps_quoted=False, parts=2, is_file=True),
        Dialect(name="sqlite", schema="main", keeps_quoted=False, parts=2, is_file=True),
        Dialect(name="mysql", quotes='`"', folding=Folding.NONE, parts=2, port=3306),
        Dialect(name="databricks", quotes="`", keeps_quoted=False, schema="default"),
        Dialect(name="hive", quotes="`", keeps_quoted=False, parts=2, schema="default", port=10000),
        Dialect(name="trino", keeps_quoted=False, port=8080),
        Dialect(name="clickhouse", quotes='"`', folding=Folding.NONE, parts=2, schema="default"),
        Dialect(
            name="mssql", quotes='["', folding=Folding.LOWER, keeps_quoted=False, schema="dbo",
            port=1433,
        ),
        Dialect(name="oracle", folding=Folding.UPPER, port=1521),
    )
}  # fmt: skip
# As drivers, semantic conventions and connection strings spell them.
_SYNONYMS: Final = {
    "postgresql": "postgres",
    "psycopg2": "postgres",
    "psycopg": "postgres",
    "asyncpg": "postgres",
    "aws.redshift": "redshift",
    "gcp.bigquery": "bigquery",
    "mariadb": "mysql",
    "pymysql": "mysql",
    "spark": "databricks",
    "spark_sql": "databricks",
    "sparksql": "databricks",
    "unity_catalog": "databricks",
    "presto": "trino",
    "awsathena": "trino",
    "microsoft.sql_server": "mssql",
    "sqlserver": "mssql",
    "tsql": "mssql",
    "oracle.db": "oracle",
    "sqlite3": "sqlite",
}
# Buckets, as drivers of Hadoop and clouds spell them; before an `@` Azure has a container's name.
_BUCKETS: Final[dict[str, str]] = {
    **dict.fromkeys(("s3", "s3a", "s3n"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("abfs", "abfss"), "abfss"),
    **dict.fromkeys(("wasb", "wasbs"), "wasbs"),
    "oss": "oss",
}
_OF_AZURE: Final = frozenset({"abfss", "wasbs"})
_DISKS: Final = frozenset({"file", "hdfs", "dbfs"})
_TABLE_KINDS: Final = frozenset({"table", "column", "view"})


def dialect_named(word: str | None) -> Dialect | None:
    """Return the dialect that goes by this name, of a driver or a convention."""
    if not word:
        return None
    lower = word.strip().lower()
    lower = lower.removeprefix("jdbc:").split("+")[0]
    return DIALECTS.get(_SYNONYMS.get(lower, lower))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where bare names are looked for: a server, and what of it is the default."""

    namespace: str = ""
    dialect: Dialect | None = None
    database: str | None = None
    schema: str | None = None


_SERVER = re.compile(r"(?P<scheme>[a-z][a-z0-9+.\-]*)://(?P<rest>.*)", re.IGNORECASE | re.DOTALL)


def place_of(
    namespace: str | None,
    *,
    dialect: str | None = None,
    database: str | None = None,
    schema: str | None = None,
) -> Place:
    """
    Return the place that a namespace names, without credentials, query string and default port.

    `dialect` counts where the namespace says none. A database within the namespace's path becomes
    the default one, so that `postgres://host/shop` + `orders` and `postgres://host` +
    `shop.public.orders` are one table.
    """
    said = namespace, dialect, database, schema
    is_short = sum(len(each) for each in said if each) <= REMEMBERED_LENGTH
    return (_remembered_place if is_short else _place_of)(*said)


def _place_of(
    namespace: str | None, dialect: str | None, database: str | None, schema: str | None
) -> Place:
    text = (namespace or "").strip().removeprefix("jdbc:")
    match = _SERVER.fullmatch(text)
    if match is None:
        known = dialect_named(text) or dialect_named(dialect)
        if known is not None and (not text or dialect_named(text) is not None):
            if known.is_file and database:
                return Place(namespace=f"{known.name}://{database}", dialect=known, schema=schema)
            text = known.name
        return Place(namespace=text, dialect=known, database=database or None, schema=schema)
    scheme, rest = match["scheme"].lower(), match["rest"]
    known = dialect_named(scheme)
    if known is None:  # a bucket, a file system, a service: as it was sent
        return Place(
            namespace=_address(scheme, rest),
            dialect=dialect_named(dialect),
            database=database or None,
            schema=schema,
        )
    rest = _without_secrets(rest)
    if known.is_file:
        return Place(namespace=f"{known.name}://{rest.rstrip('/')}", dialect=known, schema=schema)
    host, _, path = rest.partition("/")
    server = host.lower()
    if known.port is not None:
        server = server.removesuffix(f":{known.port}")
    if known.name == "snowflake":
        server = server.removesuffix(".snowflakecomputing.com")
    # `%00` is a NUL, which no database has in a name, and Postgres in no text.
    inner = [unquote(part).replace("\0", "\ufffd") for part in path.split("/") if part]
    return Place(
        namespace=f"{known.name}://{server}" if server else known.name,
        dialect=known,
        database=database or (inner[0] if inner else None),
        schema=schema or (inner[1] if len(inner) > 1 else None),
    )


_remembered_place = lru_cache(maxsize=REMEMBERED)(_place_of)


def _address(scheme: str, rest: str) -> str:
    scheme = _BUCKETS.get(scheme, scheme)
    container = ""
    if scheme in _OF_AZURE and (match := re.match(r"[^:/@]+@", rest)):
        container, rest = match[0], rest[match.end() :]
    return f"{scheme}://{container}{_without_secrets(rest).rstrip('/')}"


def _without_secrets(rest: str) -> str:
    """Cut what may hold a password: `user:password@` before the host, `?query`, `#fragment`."""
    rest = re.split(r"[?#;]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    return authority.rpartition("@")[2] + slash + path


def table_name(name: str, place: Place) -> str:
    """
    Return the full name of a table at this place: quotes off, letters folded, defaults filled in.

    A name that already has all its parts keeps them. Without a known dialect only quotes and
    spaces go.
    """
    dialect = place.dialect
    if dialect is None and (path := _path(name, place)):
        return path
    parts = split_name(name, dialect)
    if dialect is None:
        return ".".join(text for text, _ in parts) or name
    folded = [_fold(text, dialect, quoted=quoted) for text, quoted in parts]
    if dialect.name == "bigquery" and folded:
        folded[-1] = _unsharded(folded[-1])
    return ".".join(_filled(folded, place, dialect)) or name


def _path(name: str, place: Place) -> str | None:
    """Return where files are, which is no name with dots; of a bucket without a slash in front."""
    scheme = place.namespace.partition("://")[0]
    if scheme in _BUCKETS:
        return name.strip().strip("/") or name
    return name.strip().rstrip("/") or name if scheme in _DISKS else None


def _filled(parts: list[str], place: Place, dialect: Dialect) -> list[str]:
    """Put the default schema and database in front of what has none."""
    if dialect.is_file and len(parts) > dialect.parts:
        # `w.main.orders` in the file w.duckdb: the first part only repeats the file.
        parts = parts[-dialect.parts :]
    if len(parts) == 1:
        if dialect.parts == 2 and not dialect.is_file:
            schema = place.database or place.schema or dialect.schema
        else:
            schema = place.schema or dialect.schema
        if schema:
            parts = [_fold(schema, dialect, quoted=False), *parts]
    if len(parts) == 2 and dialect.parts == 3 and place.database:
        parts = [_fold(place.database, dialect, quoted=False), *parts]
    return parts


def _fold(text: str, dialect: Dialect, *, quoted: bool) -> str:
    if quoted and dialect.keeps_quoted:
        return text
    if dialect.folding is Folding.LOWER:
        return text.lower()
    return text.upper() if dialect.folding is Folding.UPPER else text


def _unsharded(table: str) -> str:
    """Take `events_20240131` and `events$20240131` for parts of one table."""
    table = re.sub(r"\$\d{4,10}$", "", table)
    return re.sub(r"_(?:19|20)\d{6}$", "_*", table)


def split_name(name: str, dialect: Dialect | None) -> list[tuple[str, bool]]:
    """Return the parts between dots, and whether each was quoted; dots within quotes stay."""
    opening = dialect.quotes if dialect is not None else '"`['
    parts: list[tuple[str, bool]] = []
    at, length = 0, len(name)
    while at <= length:
        while at < length and name[at].isspace():
            at += 1
        if at < length and name[at] in opening:
            close = "]" if name[at] == "[" else name[at]
            text, at = _until(name, at + 1, close)
            # BigQuery: backticks around the whole path.
            if dialect is not None and dialect.name == "bigquery" and "." in text:
                parts += [(part, True) for part in text.split(".") if part]
            else:
                parts.append((text, True))
            at = name.find(".", at) if name.find(".", at) >= 0 else length
        else:
            end = name.find(".", at)
            end = length if end < 0 else end
            text = name[at:end].strip()
            if text:
                parts.append((text, False))
            at = end
        at += 1
    return [part for part in parts if part[0]]


def _until(name: str, at: int, close: str) -> tuple[str, int]:
    """Read to the closing mark; a doubled one stands for itself."""
    found: list[str] = []
    while at < len(name):
        if name[at] == close:
            if name[at + 1 : at + 2] != close:
                return "".join(found), at + 1
            at += 1
        found.append(name[at])
        at += 1
    return "".join(found), at


class Key(NamedTuple):
    """What one thing is known by."""

    # PERF: a tuple, whose hash is made without Python: each event asks for some eighty.

    kind: str
    namespace: str
    name: str

    def column(self, column: str) -> Key:
        """Return the column of this table."""
        return Key("column", self.namespace, f"{self.name}{COLUMN}{column}")

    def id_in(self, workspace_id: UUID) -> UUID:
        """Return the row's id: made of the key, so that nobody has to ask for it."""
        text = "\x1f".join((self.kind, self.namespace, self.name))
        return _id(blake2b(text.encode(), digest_size=16, key=workspace_id.bytes).digest())


def relation_id(from_id: UUID, role: str, to_id: UUID) -> UUID:
    """Return the id of the relation between two resources."""
    return _id(blake2b(from_id.bytes + to_id.bytes + role.encode(), digest_size=16).digest())


def _id(digest: bytes) -> UUID:
    """Return a UUID of version 8, which is for ids like these; Python 3.11 makes none itself."""
    bits = int.from_bytes(digest, "big")
    bits = bits & ~(0xF << 76) | 0x8 << 76
    return UUID(int=bits & ~(0b11 << 62) | 0b10 << 62)


def key_of(kind: str, namespace: str | None, name: str, place: Place | None = None) -> Key:
    """
    Return the key of a thing as an event names it.

    `place` is where a table's bare name is looked for when the event says no namespace itself.
    """
    is_short = len(name) + len(namespace or "") + len(kind) <= REMEMBERED_LENGTH
    return (_remembered_key if is_short else _key_of)(kind, namespace, name, place)


def _key_of(kind: str, namespace: str | None, name: str, place: Place | None) -> Key:
    kind = kind.strip().lower()
    if kind in {"dataset", "view"}:
        kind = "table"
    if kind in _TABLE_KINDS:
        at = place if place is not None and not namespace else place_of(namespace)
        if at.dialect is None and place is not None and place.dialect is not None and namespace:
            at = place_of(namespace, dialect=place.dialect.name)
        return Key(kind, at.namespace, table_name(name, at))
    if kind == "database":
        # A file that is a database is its own server.
        at = place_of(namespace, database=name)
        if at.dialect is None:
            return Key(kind, at.namespace, name.strip())
        if at.dialect.is_file:
            return Key(kind, at.namespace, _file_stem(at.namespace))
        return Key(kind, at.namespace, _fold(name.strip(), at.dialect, quoted=False))
    if kind == "user":
        return Key(kind, "", _person(name))
    return Key(kind, _plain_namespace(namespace), name.strip() or name)


_remembered_key = lru_cache(maxsize=REMEMBERED)(_key_of)


def _file_stem(namespace: str) -> str:
    stem = namespace.rpartition("/")[2] or namespace
    return re.sub(r"\.(?:duckdb|ddb|db|sqlite3?)$", "", stem)


def _plain_namespace(namespace: str | None) -> str:
    text = (namespace or "").strip()
    match = _SERVER.fullmatch(text)
    if match is None:
        return text
    return _address(match["scheme"].lower(), match["rest"])


def _person(name: str) -> str:
    """Addresses and logins are one person however they are spelt."""
    return name.strip().strip("\"'`").lower()


def short_name(key_name: str, kind: str) -> str:
    """Return what people call it: the table without its schema, the column without its table."""
    if kind == "column":
        return key_name.rpartition(COLUMN)[2]
    return key_name.rpartition(".")[2] if kind == "table" else key_name


def paths_of(names: Sequence[str]) -> list[str]:
    """Return names without those that are empty, each once, in their order."""
    return list(dict.fromkeys(name for name in names if name.strip()))
