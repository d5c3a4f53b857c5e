"""
Headway: decorate a Python function and see, schedule and control its runs.

>>> from headway import flow, task
>>> @task
... def add(a: int, b: int) -> int:
...     return a + b
>>> @flow
... def total() -> int:
...     return add(1, add(2, 3))
>>> total()
6
"""

from headway._approvals import Approval, ask, ask_async
from headway._concurrency import concurrency, rate_limit, rate_limit_async
from headway._errors import (
    ApiError,
    ApprovalExpired,
    ConfigError,
    FlowTimedOut,
    HeadwayError,
    ParameterError,
    RunCancelled,
    RunSuspended,
    SubrunFailed,
    TaskCancelled,
    TaskTimedOut,
    UpstreamFailed,
)
from headway._flow import Flow, flow
from headway._futures import FutureList, TaskFuture, unmapped
from headway._holds import checkpoint
from headway._options import FlowOptions, TaskOptions
from headway._states import State, StateType
from headway._subruns import DeploymentRun, run_deployment, run_deployment_async
from headway._task import Task, task
from headway._telemetry import emit_event, get_logger, metric
from headway._version import __version__

__all__ = [
    # decorators and what they make
    "flow",
    "task",
    "Flow",
    "Task",
    "FlowOptions",
    "TaskOptions",
    # submitted tasks
    "TaskFuture",
    "FutureList",
    "unmapped",
    # limits over all runs
    "concurrency",
    "rate_limit",
    "rate_limit_async",
    # being held
    "checkpoint",
    "RunSuspended",
    # asking people
    "ask",
    "ask_async",
    "Approval",
    "ApprovalExpired",
    # runs of deployments
    "run_deployment",
    "run_deployment_async",
    "DeploymentRun",
    "SubrunFailed",
    # saying what happens
    "emit_event",
    "metric",
    "get_logger",
    # states and errors
    "State",
    "StateType",
    "HeadwayError",
    "ApiError",
    "ConfigError",
    "ParameterError",
    "RunCancelled",
    "TaskCancelled",
    "TaskTimedOut",
    "FlowTimedOut",
    "UpstreamFailed",
    "__version__",
]
