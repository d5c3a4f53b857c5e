"""
Set the scene for the pictures on a running `make up`: people of every role, and work in every state.

    EMAIL_BACKEND=django.core.mail.backends.smtp.EmailBackend EMAIL_PORT=8425 make up
    python proof/stage.py --smtp 8425
    python proof/shoot.py --url http://127.0.0.1:8400 --people .shots/people --only approvals calendar

By a Python that has what `make test` installs too. Signs in by the login of the demo, makes what is not there yet, and keeps each person's session as
Playwright's storage state in `--people`. It needs a data folder of its own: what it starts stays.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "demo")]

from people import SIGN_IN, Session  # noqa: E402 # the demo is no package

from tests.mailbox import Mailbox, mail_server  # noqa: E402

PASSWORD = "a-password-for-pictures"  # noqa: S105 # of people who are on this machine only
PATIENCE_SECONDS = 90
# Who is asked in under which name, and with what.
ROLES: dict[str, dict[str, str]] = {
    "viewer": {"role": "VIEWER"},
    "runner": {"role": "RUNNER"},
    "developer": {"role": "DEVELOPER"},
    "admin": {"account_role": "ADMIN", "role": "OWNER"},
    # Holds nothing in a workspace: its pages are not there for them.
    "billing": {"account_role": "BILLING"},
    "on-call": {"custom": "On-call"},
}
FLOWS = """
    import time
    from dataclasses import dataclass
    from typing import Literal

    from headway import ask, concurrency, flow, task

    @dataclass
    class Release:
        version: str
        region: Literal["eu", "us"] = "eu"
        hot: bool = False

    @task
    def check(step: str) -> str:
        time.sleep(0.3)
        return step

    @flow
    def ship(version: str = "1.4.0") -> str:
        \"\"\"Put a version where customers are, once somebody agrees.\"\"\"
        for step in ("build", "scan", "stage"):
            check(step)
        said = ask(f"Ship {version}?", message="Staged and scanned. Customers see it at once.", form=Release, expires_in=86_400)
        return said.values.region if said else "nowhere"

    @flow
    def refresh(table: str = "orders", seconds: float = 2.0) -> str:
        \"\"\"Read a table of the source again.\"\"\"
        with concurrency("warehouse", 3):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                check("page")
        return table
"""


class Stage:
    """The owner's session, and where their workspace is."""

    def __init__(self, data: Path, url: str, people: Path, mails: Mailbox) -> None:
        self.credentials = json.loads((data / "credentials.json").read_text())
        self.mails = mails
        self.url = url
        self.people = people
        self.owner = Session(url)
        if not self.owner.sign_in(self.credentials["login"], self.credentials["password"]):
            sys.exit("The demo's owner has another password by now.")
        me = self.owner.call("GET", "/api/v1/me")
        place = next(
            one for one in me["workspaces"] if one["slug"] == self.credentials["workspace"]
        )
        self.workspace_id = place["id"]
        self.account = f"/api/v1/account/{place['account']['id']}"
        self.workspace = f"/api/v1/workspaces/{place['slug']}"

    def keep(self, name: str, session: Session) -> None:
        cookies = [
            {
                "name": one.name,
                "value": one.value or "",
                "domain": "127.0.0.1",
                "path": one.path,
                "expires": one.expires or -1,
                "httpOnly": one.name == "sessionid",
                "secure": False,
                "sameSite": "Lax",
            }
            for one in session.cookies
        ]
        (self.people / f"{name}.json").write_text(json.dumps({"cookies": cookies, "origins": []}))

    def do(self, method: str, path: str, body: object = None) -> Any:
        return self.owner.call(method, self.workspace + path, body)

    def invite(self, name: str, how: dict[str, str]) -> None:
        """Have somebody in by the link of the mail; only signed in if they are there."""
        email = f"{name}@pictures.example"
        session = Session(self.url)
        if not session.sign_in(email, PASSWORD):
            offer: dict[str, Any] = {
                "email": email,
                "account_role": how.get("account_role", "MEMBER"),
            }
            grant: dict[str, Any] = {"workspace_id": self.workspace_id}
            if "custom" in how:
                roles = self.owner.call("GET", f"{self.account}/roles")["items"]
                grant["custom_role_id"] = next(
                    one["id"] for one in roles if one["name"] == how["custom"]
                )
            elif "role" in how:
                grant["role"] = how["role"]
            offer["grants"] = [grant] if len(grant) > 1 else []
            self.owner.call("POST", f"{self.account}/invitations", offer)
            token = wait("the mail", lambda: re.findall(r"hwi_\w+", self.mails.text_to(email)))[-1]
            session = Session(self.url)
            session.call("GET", "/_allauth/browser/v1/config")
            session.headers["X-Invitation"] = token
            session.call("POST", f"{SIGN_IN}/signup", {"email": email, "password": PASSWORD})
        self.keep(name, session)

    def headway(self, folder: Path, *arguments: str) -> None:
        environment = os.environ | {
            "HEADWAY_API_URL": self.url,
            "HEADWAY_API_KEY": self.credentials["api_key"],
            "HEADWAY_WORKSPACE": self.credentials["workspace"],
            "NO_PROXY": "*",
        }
        command = [str(Path(sys.executable).with_name("headway")), *arguments]
        subprocess.run(command, cwd=folder, env=environment, check=True)

    def start(self, deployment: dict[str, Any], **wishes: Any) -> str:
        made: dict[str, str] = self.do(
            "POST", f"/deployments/{deployment['id']}/runs", {"parameters": {}} | wishes
        )
        return made["id"]

    def is_in(self, run_id: str, *states: str) -> bool:
        return self.do("GET", f"/runs/{run_id}")["state"] in states


def wait(what: str, look: Any) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.3)
    sys.exit(f"Waited {PATIENCE_SECONDS} s for {what}.")


def put_to_work(stage: Stage, folder: Path) -> None:
    """Deployments, and runs that wait, ask, hold and fill in."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stages.py").write_text(textwrap.dedent(FLOWS))
    present = stage.do("GET", "/deployments?limit=500")["items"]
    if any(one["name"] == "staged" for one in present):
        return  # a deploy takes away what was limited by hand
    for name in ("ship", "refresh"):
        stage.headway(
            folder, "deploy", f"stages.py:{name}", "--pool", "default", "--name", "staged"
        )
    everything = {
        one["flow"]["name"]: one for one in stage.do("GET", "/deployments?limit=500")["items"]
    }
    ship, refresh = everything["ship"], everything["refresh"]
    promise(stage, refresh)
    schedule(stage, ship)
    asking = stage.start(ship, name="release-1.4")
    wait("a question", lambda: stage.is_in(asking, "AWAITING_APPROVAL"))
    answered = stage.start(ship, name="release-1.3", parameters={"version": "1.3.9"})
    question = wait(
        "another", lambda: stage.do("GET", f"/approvals?state=OPEN&run_id={answered}")["items"]
    )[0]
    stage.do(
        "POST",
        f"/approvals/{question['id']}/answer",
        {
            "approved": True,
            "values": {"version": "1.3.9", "region": "us"},
            "comment": "Looks fine on staging.",
        },
    )
    paused = stage.start(refresh, name="long-refresh", parameters={"seconds": 900.0})
    wait("it to run", lambda: stage.is_in(paused, "RUNNING"))
    stage.do("POST", f"/runs/{paused}/pause")
    stage.do("POST", "/backfills", partitions(refresh, "History again", 3))
    stage.do("PUT", "/limits", {"kind": "TAG", "key": "heavy", "slots": 2})
    stage.do("PUT", "/limits", {"kind": "RATE", "key": "geocoder", "per_minute": 60})
    stage.do("PUT", "/limits", {"kind": "DEPLOYMENT", "key": ship["id"], "slots": 1})
    stage.start(ship, name="release-1.5", parameters={"version": "1.5.0"})
    stage.start(
        refresh,
        name="tomorrow",
        scheduled_for=time.strftime("%Y-%m-%dT06:00:00Z", time.gmtime(time.time() + 86_400)),
    )


def furnish(stage: Stage) -> None:
    """What a workspace has besides runs, and a dashboard for who has only its link."""
    schema = {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "integer"}}}
    wanted: dict[str, dict[str, Any]] = {
        "/budgets": {"name": "Warehouse", "amount": "0.30", "currency": "USD"},
        "/webhooks": {"name": "our repository", "preset": "GITHUB", "secret": "of pictures only"},
        "/event-schemas": {"name": "table.loaded", "mode": "WARN", "schema": schema},
    }
    for place, thing in wanted.items():
        if not stage.do("GET", place)["items"]:
            stage.do("POST", place, thing)
    first = stage.do("GET", "/dashboards")["items"][0]
    stage.do("PUT", "/dashboards/sharing", {"allowed": True})
    dashboard = stage.do("GET", f"/dashboards/{first['id']}")
    link = stage.do(
        "POST",
        f"/dashboards/{first['id']}/links",
        {"version": dashboard["version"], "range": "24h"},
    )
    sys.stdout.write(f"--shared {link['address'].rsplit('/', 1)[1]}\n")


def partitions(deployment: dict[str, Any], name: str, at_once: int) -> dict[str, Any]:
    tables = ["orders", "refunds", "parcels", "stores", "returns", "carts", "prices", "stock"]
    return {
        "deployment_id": deployment["id"],
        "name": name,
        "kind": "PARTITIONS",
        "partitions": [f"{table}_{year}" for table in tables for year in range(2019, 2026)],
        "parameter": "table",
        "parameters": {"seconds": 4.0},
        "concurrency": at_once,
    }


def promise(stage: Stage, deployment: dict[str, Any]) -> None:
    clock = {"weekdays": ["MON", "TUE", "WED", "THU", "FRI"], "timezone": "Europe/Berlin"}
    for level in (
        {"kind": "FINISH_BY", "time_of_day": "06:30:00", **clock},
        {"kind": "LASTS_AT_MOST", "seconds": 5},
        {"kind": "SUCCEEDS_WITHIN", "seconds": 86_400},
    ):
        stage.do("POST", "/service-levels", {"deployment_id": deployment["id"], **level})


def schedule(stage: Stage, deployment: dict[str, Any]) -> None:
    place = f"/deployments/{deployment['id']}/schedules"
    stage.do(
        "POST",
        place,
        {"kind": "CRON", "cron": "30 6 * * 1-5", "timezone": "Europe/Berlin", "name": "mornings"},
    )
    stage.do(
        "POST",
        place,
        {
            "kind": "RRULE",
            "rrule": "FREQ=MONTHLY;BYDAY=-1FR",
            "timezone": "America/New_York",
            "jitter_seconds": 300,
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8400")
    parser.add_argument(
        "--data",
        type=Path,
        default=HERE.parents[1] / ".headway",
        help="the data folder of the stack",
    )
    parser.add_argument(
        "--smtp", type=int, default=8425, help="where the stack sends mails: its logs keep no links"
    )
    parser.add_argument("--people", type=Path, default=HERE.parent / ".shots/people")
    args = parser.parse_args()
    args.people.mkdir(parents=True, exist_ok=True)
    with mail_server(args.smtp) as mails:
        stage = Stage(args.data, args.url, args.people, mails)
        stage.keep("owner", stage.owner)
        for name, how in ROLES.items():
            stage.invite(name, how)
        furnish(stage)
        put_to_work(stage, args.people.parent / "stage")


if __name__ == "__main__":
    main()
