"""
Polls the pg_stat_statements of a Postgres server.

A reading becomes batches that are written down before they are sent, together with the counters
that they were made of. So whatever dies in between, what goes out after it is the same, and the
server knows its ids.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from headway._client import Client
from headway._errors import ApiError, ConfigError, HeadwayError
from headway._postgres_changes import Memory, Reading, batches_of, changes, is_first, remembered
from headway._postgres_reading import read

if TYPE_CHECKING:
    import psycopg

_FORMAT = 1
_NOT_LOADED = "55000"  # object_not_in_prerequisite_state
_NOT_IN_ENCODING = "22021"  # character_not_in_repertoire


class DatabaseAway(HeadwayError):
    """The database cannot be reached, or cannot be asked now."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Told:
    """What one poll came to; `refused` says why Headway did not take items, for good."""

    statements: int
    calls: int
    first: bool
    refused: list[str]

    def __str__(self) -> str:
        if self.first:
            return f"The first reading: {self.statements:,} statements to compare the next with."
        return f"{self.statements:,} statements, executed {self.calls:,} times."


class Poller:
    """Reads, compares, sends; each step can be repeated. One at a time uses a file of state."""

    def __init__(
        self, client: Client, dsn: str, *, state: Path | None = None, namespace: str | None = None
    ) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise ConfigError("Install headway[postgres] to poll a Postgres server.") from error
        self._psycopg = psycopg
        self._client = client
        self._dsn = dsn
        self._namespace = namespace
        self._file = state
        self._refused: list[str] = []
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = None if state is None else _lock(state)
        try:
            self._memory = _load(state)
        except ConfigError:
            self.close()
            raise

    def poll(self) -> Told:
        """
        Send what is left over, then what was executed since the last reading.

        Raises: DatabaseAway, ConfigError, and what the server of Headway refuses with.
        """
        self._send()
        reading = self._read()
        memory = self._memory
        first, found = is_first(memory, reading), changes(memory, reading)
        self._memory = Memory(
            server=reading.server,
            began=reading.began,
            reset=reading.reset,
            counters=remembered(memory, reading),
            pending=batches_of(found, at=reading.at, namespace=self._namespace or reading.name),
        )
        self._keep()
        self._send()
        counted = reading.statements if first else found
        refused, self._refused = self._refused, []
        return Told(len(counted), int(sum(each.calls for each in found)), first, refused)

    def close(self) -> None:
        """Close the connection to the database, and leave the file to others."""
        self._disconnect()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _send(self) -> None:
        while self._memory.pending:
            batch = self._memory.pending[0]
            later = self._taken(batch, self._client.post("ingest", batch))
            if later:
                self._memory.pending[0] = later
            else:
                del self._memory.pending[0]
            self._keep()
            if later:
                raise ApiError(
                    "The workspace takes no more now; the rest is sent later.",
                    code="rate_limited",
                    retryable=True,
                )

    def _taken(self, batch: dict[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of the batch is to be sent again; note what is refused for good."""
        later: dict[str, Any] = {}
        for each in answer["rejected"]:
            if each["retryable"]:
                later.setdefault(each["kind"], []).append(batch[each["kind"]][each["index"]])
            else:
                where = f" ({each['field']})" if each["field"] else ""
                self._refused.append(f"{each['message']}{where}")
        return later

    def _read(self) -> Reading:
        psycopg = self._psycopg
        if self._connection is None or self._connection.closed:
            try:
                self._connection = self._connect("UTF8")
                if self._connection.info.parameter_status("server_encoding") == "SQL_ASCII":
                    # Its texts are bytes of any encoding, and one that is not UTF-8 would fail
                    # the whole reading. As Latin-1 all bytes come through (`read` knows).
                    self._connection.close()
                    self._connection = self._connect("LATIN1")
            except psycopg.ProgrammingError:
                # Not its words, nor as the cause: they may repeat the password.
                raise ConfigError("The connection string cannot be read.") from None
            except psycopg.Error as error:
                raise self._away(error) from error
        try:
            return read(self._connection)
        except ConfigError:
            self._disconnect()
            raise
        except psycopg.Error as error:
            self._disconnect()
            is_ours = isinstance(error, psycopg.ProgrammingError | psycopg.NotSupportedError)
            if error.sqlstate == _NOT_IN_ENCODING:
                raise ConfigError(
                    "A database of this server has no encoding (SQL_ASCII), and from others"
                    " its statements cannot be read: name that one in the connection string."
                ) from error
            if is_ours or error.sqlstate == _NOT_LOADED:
                raise ConfigError(f"The database does not tell: {_said(error)}.") from error
            raise self._away(error) from error

    def _connect(self, encoding: str) -> psycopg.Connection[Any]:
        return self._psycopg.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=10,
            application_name="headway",
            client_encoding=encoding,
            prepare_threshold=None,  # poolers may give each statement another server
        )

    def _away(self, error: Exception) -> DatabaseAway:
        return DatabaseAway(f"The database cannot be asked: {_said(error)}.")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep(self) -> None:
        """Write the state down, all of it or nothing."""
        if self._file is None:
            return
        text = json.dumps({"format": _FORMAT, **asdict(self._memory)})
        new = self._file.with_name(f"{self._file.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _lock(state: Path) -> TextIO:
    """Hold the file for this process: two that go on from one reading would tell all twice."""
    try:
        lock = state.with_name(f"{state.name}.lock").open("a")
    except OSError as error:
        raise ConfigError(f"The state cannot be kept at {state}: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ConfigError(f"Another process keeps its state at {state}.") from error
    return lock


def _load(file: Path | None) -> Memory:
    if file is None or not file.exists():
        return Memory()
    try:
        kept: dict[str, Any] = json.loads(file.read_text())
        if kept.pop("format") != _FORMAT:
            raise ConfigError(f"{file} is of another version of headway; delete it to begin anew.")
        counters = kept.pop("counters")
        return Memory(
            **kept,
            counters=None if counters is None else {n: tuple(c) for n, c in counters.items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file} holds no state of poll-postgres; delete it.") from error
