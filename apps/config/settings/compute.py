"""Managed compute: who executes the runs of managed pools. docs/compute.md explains each."""

from pathlib import Path

from apps.config.env import (
    env_bool,
    env_choice,
    env_inherited,
    env_int,
    env_list,
    env_str,
)

# On this machine, on AWS Fargate, or nowhere.
COMPUTE_BACKEND = env_choice("COMPUTE_BACKEND", ("off", "local", "fargate"), "off")

# What dispatch, a layer below, asks for its managed pools.
MANAGED_POOL_REPORTS = "apps.compute.selectors.report_on_pools"

# Where tasks reach us; empty: PUBLIC_URL.
COMPUTE_API_URL = env_str("COMPUTE_API_URL", "").rstrip("/")

COMPUTE_LOCAL_DIR = env_str(
    "COMPUTE_LOCAL_DIR", str(Path(__file__).resolve().parents[3] / ".headway" / "compute")
)
COMPUTE_LOCAL_SLOTS = env_int("COMPUTE_LOCAL_SLOTS", 4)  # tasks at a time
COMPUTE_LOCAL_USER = env_str("COMPUTE_LOCAL_USER", "")  # of tasks, when the server is root
COMPUTE_LOCAL_MARK = env_str("HEADWAY_STACK", "")  # infra/local finds by it what outlived it
# SECURITY: tasks get these of the server's variables and no others.
COMPUTE_LOCAL_INHERITED = env_inherited(
    (
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "TZ"),
        *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
        "HEADWAY_SDK",  # what tasks install as the SDK
    ),
    ("PIP_", "UV_", "SSL_"),
)

_REQUIRED = None if COMPUTE_BACKEND == "fargate" else ""
COMPUTE_FARGATE_CLUSTER = env_str("COMPUTE_FARGATE_CLUSTER", _REQUIRED)
COMPUTE_FARGATE_IMAGE = env_str("COMPUTE_FARGATE_IMAGE", _REQUIRED)
COMPUTE_FARGATE_REGION = env_str("COMPUTE_FARGATE_REGION", _REQUIRED)
COMPUTE_FARGATE_EXECUTION_ROLE = env_str("COMPUTE_FARGATE_EXECUTION_ROLE", _REQUIRED)
COMPUTE_FARGATE_SUBNETS = env_list("COMPUTE_FARGATE_SUBNETS")
COMPUTE_FARGATE_SECURITY_GROUPS = env_list("COMPUTE_FARGATE_SECURITY_GROUPS")
COMPUTE_FARGATE_TASK_ROLE = env_str("COMPUTE_FARGATE_TASK_ROLE", "")
COMPUTE_FARGATE_CAPACITY_PROVIDER = env_str("COMPUTE_FARGATE_CAPACITY_PROVIDER", "")
COMPUTE_FARGATE_LOG_GROUP = env_str("COMPUTE_FARGATE_LOG_GROUP", "")
COMPUTE_FARGATE_PUBLIC_IP = env_bool("COMPUTE_FARGATE_PUBLIC_IP")
COMPUTE_FARGATE_FAMILY = env_str("COMPUTE_FARGATE_FAMILY", "headway")
COMPUTE_FARGATE_MAX_TASKS = env_int("COMPUTE_FARGATE_MAX_TASKS", 100)
