"""What can go wrong, by name. The server's error codes become exceptions here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway._subruns import DeploymentRun


class HeadwayError(Exception):
    """Base of the errors that the SDK raises on purpose."""


class ConfigError(HeadwayError):
    """No server is configured where one is needed, or a setting cannot be read."""


class EntrypointError(HeadwayError):
    """`file.py:flow` does not lead to a flow."""


class ParameterError(HeadwayError):
    """A parameter is missing, unknown or of the wrong type; says which."""


class TaskTimedOut(HeadwayError, TimeoutError):
    """A task ran longer than its `timeout`."""


class FlowTimedOut(HeadwayError, TimeoutError):
    """A flow ran longer than its `timeout`."""


class UpstreamFailed(HeadwayError):
    """A submitted task could not start because a future it was given failed."""


class SubrunFailed(HeadwayError):
    """A run that `run_deployment` waited for ended other than well; `run` says how."""

    def __init__(self, run: DeploymentRun) -> None:
        told = run.error or run.cause or {}
        why = told.get("message") or told.get("detail")
        super().__init__(f"{run.name} ended {run.state}" + (f": {why}" if why else "."))
        self.run = run


class ApprovalExpired(HeadwayError):
    """Nobody answered in time what `ask()` asked."""


class TaskCancelled(HeadwayError):
    """A submitted task was cancelled before it had a result."""


class RunCancelled(BaseException):
    """
    The run was cancelled: from the dashboard, by Ctrl-C or by SIGTERM.

    Not an `Exception`, for the same reason as KeyboardInterrupt: `except Exception` around a
    step of the work must not swallow it.
    """

    def __init__(
        self, message: str = "The run was cancelled.", *, run_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.run_id = run_id


class Terminated(RunCancelled, SystemExit):
    """SIGTERM arrived while a flow was running. Left alone, the process exits with 143."""

    def __init__(self) -> None:
        super().__init__("The process received SIGTERM.")
        self.code = 143


class RunLost(RunCancelled):
    """The agent that this process executes the run for is gone; the run ends CRASHED."""

    def __init__(self, message: str, *, run_id: str, cause: Mapping[str, Any]) -> None:
        super().__init__(message, run_id=run_id)
        self.cause = cause  # sent with the CRASHED report


class RunSuspended(RunCancelled):
    """The run leaves this process, and another one goes on with it when it is resumed."""

    def __init__(self, *, run_id: str) -> None:
        super().__init__("The run was suspended.", run_id=run_id)


class ApiError(HeadwayError):
    """The server refused a request. `code` is stable, `message` is for people."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "internal",
        status: int = 0,
        details: Mapping[str, Any] | None = None,
        fields: Mapping[str, list[str]] | None = None,
        retryable: bool = False,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.details = dict(details or {})
        self.fields = dict(fields or {})
        self.retryable = retryable
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        """Return the message with the fields it speaks of, the code and the request id."""
        text = self.message
        for field, problems in self.fields.items():
            text += f"\n  {field}: {' '.join(problems)}"
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{text} ({self.code}{request})"


class InvalidRequest(ApiError):
    """400: the request is malformed; `fields` says where."""


class Unauthenticated(ApiError):
    """401: no key, or a wrong, expired or revoked one."""


class PlanLimitReached(ApiError):
    """402: the plan does not include this."""


class PermissionDenied(ApiError):
    """403: the key lacks the scope."""


class NotFound(ApiError):
    """404: there is no such thing in this workspace."""


class Conflict(ApiError):
    """409: the thing is in a state that refuses the request."""


class RateLimited(ApiError):
    """429: too much at once; `retry_after_seconds` says when to come back."""


class ServerUnavailable(ApiError):
    """The server cannot be reached, or failed in itself."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    402: PlanLimitReached,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}

RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


def error_from_reply(
    status: int,
    body: object,
    *,
    request_id: str | None = None,
    retry_after_seconds: float | None = None,
) -> ApiError:
    """
    Return the exception for an error reply, whether or not it has our envelope.

    >>> body = {"error": {"code": "not_found", "message": "No such run.", "request_id": "req_7"}}
    >>> error_from_reply(404, body)
    NotFound('No such run.')
    >>> print(error_from_reply(404, body))
    No such run. (not_found, request req_7)
    """
    kind = _BY_STATUS.get(status, ServerUnavailable if status >= 500 else ApiError)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        error = {"code": f"http_{status}", "message": f"The server answered {status}."}
    return kind(
        str(error.get("message") or f"The server answered {status}."),
        code=str(error.get("code") or f"http_{status}"),
        status=status,
        details=error.get("details"),
        fields=error.get("fields"),
        retryable=bool(error.get("retryable")) or status in RETRYABLE_STATUSES,
        request_id=error.get("request_id") or request_id,
        retry_after_seconds=retry_after_seconds,
    )
