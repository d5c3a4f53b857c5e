"""
Several statements in one message to the server, COPY among them.

psycopg sends a COPY by itself only, and a transaction around it by three more round trips; each
costs either side about as much as twenty rows of a batch do. What it is made of knows no such rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from django.db import connection
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.generators import copy_to, execute
from psycopg.waiting import Wait

_PORTION: Final = 1 << 18  # bytes that are handed to libpq at a time, which keeps them until sent
_DONE: Final = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}


def send_with_copies(
    cursor: Any, message: str, parameters: Sequence[Any], data: Sequence[bytes]
) -> None:
    """
    Execute the statements of the message; `data[i]` is what its COPY number i reads from us.

    What the statements return is dropped. The connection must be in autocommit mode: the server
    treats the message as one transaction, of which nothing stays when a statement fails.
    Raises: Django's database errors.
    """
    link: psycopg.Connection[Any] = cursor.connection
    query = cursor.mogrify(message, parameters).encode()
    try:
        with connection.wrap_database_errors, link.lock:
            link.wait(_exchange(link.pgconn, query, data))
    finally:
        # Cut off amid an exchange (by an error of ours, by a signal), it serves nobody any more.
        if link.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            connection.close()


def _exchange(server: pq.abc.PGconn, query: bytes, data: Sequence[bytes]) -> PQGen[None]:
    server.send_query(query)
    yield from _until_copy(server, expected=bool(data))
    for number, sent in enumerate(data, start=1):
        for start in range(0, len(sent), _PORTION):
            yield from copy_to(server, sent[start : start + _PORTION])
        while server.put_copy_end() == 0:
            while not (yield Wait.W):
                continue
        yield from _until_copy(server, expected=number < len(data))


def _until_copy(server: pq.abc.PGconn, *, expected: bool) -> PQGen[None]:
    """Read results up to the one that asks for data, or to the end."""
    results = yield from execute(server)
    for result in results:
        if result.status not in _DONE and result.status != pq.ExecStatus.COPY_IN:
            raise psycopg.errors.error_from_result(result)
    assert (results[-1].status == pq.ExecStatus.COPY_IN) is expected
