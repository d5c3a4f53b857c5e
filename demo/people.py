"""
Give the demo's account something to look at: teams, a role of its own, a machine, an invitation.

By the login that `make up` prints, as the pages do: keys open workspaces, not accounts. Nothing is
made twice.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

SIGN_IN = "/_allauth/browser/v1/auth"
KEY_LIFETIME = timedelta(days=90)


class Session:
    """Somebody signed in, as a browser is."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = CookieJar()
        self.headers: dict[str, str] = {}  # sent with each call besides what every call needs
        # The stack is on this machine: no proxy of the environment is to be asked for it.
        self.open = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.cookies)).open

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Ask the server; return its answer, None when that is empty."""
        token = next((each.value for each in self.cookies if each.name == "csrftoken"), None)
        headers = {
            "Content-Type": "application/json",
            "Referer": self.url,
            "User-Agent": "headway-demo",
            "X-CSRFToken": token or "",
        } | self.headers
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, headers=headers, method=method)  # noqa: S310
        with self.open(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def sign_in(self, login: str, password: str) -> bool:
        """Return whether it worked: the person may have another password or factor by now."""
        self.call("GET", "/_allauth/browser/v1/config")
        try:
            self.call("POST", f"{SIGN_IN}/login", {"email": login, "password": password})
        except HTTPError as refusal:
            refusal.close()
            return False
        return True

    def sign_out(self) -> None:
        """End the session, so that it is not among those of the person."""
        try:
            self.call("DELETE", f"{SIGN_IN}/session")
        except HTTPError as signed_out:  # it answers 401: nobody is signed in now
            signed_out.close()

    def made(self, path: str, body: dict[str, Any], by: str = "name") -> Any:
        """Return what of the list is called so; make it when nothing is."""
        known = {each[by]: each for each in self.call("GET", f"{path}?limit=500")["items"]}
        return known.get(body[by]) or self.call("POST", path, body)


def people() -> None:
    """Make what is not there yet."""
    session = Session(os.environ["HEADWAY_API_URL"])
    login, password = os.environ["HEADWAY_DEMO_LOGIN"], os.environ["HEADWAY_DEMO_PASSWORD"]
    if not session.sign_in(login, password):
        print(f"The demo's people are left as they are: {login} has another password by now.")
        return
    try:
        _fill(session, os.environ["HEADWAY_WORKSPACE"])
    finally:
        session.sign_out()


def _fill(session: Session, slug: str) -> None:
    me = session.call("GET", "/api/v1/me")
    place = next(each for each in me["workspaces"] if each["slug"] == slug)
    account = f"/api/v1/account/{place['account']['id']}"
    workspace = f"/api/v1/workspaces/{slug}"
    role = _on_call_role(session, account)
    engineers = session.made(
        f"{account}/teams",
        {"name": "data-eng", "description": "Builds the loads and answers for them"},
    )
    watch = session.made(
        f"{account}/teams",
        {"name": "on-call", "description": "Brings a bad night back on its feet"},
    )
    deploys = session.made(
        f"{account}/service-accounts",
        {"name": "ci-deploys", "description": "Deploys what is merged"},
    )
    _give(session, workspace, "team", engineers, {"role": "DEVELOPER"})
    _give(session, workspace, "team", watch, {"custom_role_id": role["id"]})
    _give(session, workspace, "service_account", deploys, {"role": "DEVELOPER"})
    _join(session, f"{account}/teams/{watch['id']}/members", account, me["actor"]["email"])
    if not session.call("GET", f"{account}/service-accounts/{deploys['id']}/keys")["items"]:
        ends_at = datetime.now(UTC) + KEY_LIFETIME
        session.call(
            "POST",
            f"{workspace}/api-keys",
            {
                "name": "deploy from main",
                "role": "DEVELOPER",
                "service_account_id": deploys["id"],
                "expires_at": ends_at.isoformat(),
            },
        )
    session.made(
        f"{account}/invitations",
        {
            "email": "robin@flights.example",
            "account_role": "MEMBER",
            "grants": [{"workspace_id": place["id"], "role": "VIEWER"}],
            "team_ids": [engineers["id"]],
        },
        by="email",
    )


def _on_call_role(session: Session, account: str) -> Any:
    roles = session.call("GET", f"{account}/roles")["items"]
    if found := next((each for each in roles if each["name"] == "On-call"), None):
        return found
    runner = next(each for each in roles if each["key"] == "RUNNER")
    return session.call(
        "POST",
        f"{account}/roles",
        {
            "name": "On-call",
            "description": "May run and cancel everything, and pause what goes wrong",
            "based_on": "RUNNER",
            "scopes": sorted({*runner["scopes"], "pools:write", "automations:write"}),
        },
    )


def _give(
    session: Session, workspace: str, kind: str, whom: dict[str, Any], role: dict[str, str]
) -> None:
    given = session.call("GET", f"{workspace}/members?kind={kind}&limit=500")["items"]
    if all(each["subject_id"] != whom["id"] for each in given):
        session.call("POST", f"{workspace}/members", {f"{kind}_id": whom["id"], **role})


def _join(session: Session, team: str, account: str, email: str) -> None:
    [member] = session.call("GET", f"{account}/members?q={email}")["items"]
    inside = session.call("GET", f"{team}?limit=500")["items"]
    if all(each["id"] != member["id"] for each in inside):
        session.call("POST", team, {"member_id": member["id"]})
