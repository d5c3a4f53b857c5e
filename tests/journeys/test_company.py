"""A company comes: people are invited, sign in by its provider, are kept by its directory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories.sso import saml_user, say
from tests.idp import oidc_provider, saml_provider
from tests.journeys.company import (
    PASSWORD,
    Person,
    another_browser,
    choose,
    code_of,
    is_denied,
    join,
    log_in,
    log_out,
    open_stream,
    refused_within_a_second,
    reopened_in_vain,
    with_key,
)
from tests.journeys.steps import confirm_address, sign_up
from tests.mailbox import Mailbox, mail_server
from tests.name_server import Zones, name_server
from tests.stack import Stack, running_stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

DEPLOYMENT = {
    "flow_name": "load-orders",
    "name": "nightly",
    "entrypoint": "orders.py:load",
    "path": "/srv/flows",
    "pool": "default",
    "parameters": {},
    "parameter_schema": {"type": "object", "properties": {}},
}


@pytest.fixture(scope="module")
def mails(smtp_port: int) -> Iterator[Mailbox]:
    with mail_server(smtp_port) as box:
        yield box


@pytest.fixture(scope="module")
def zones() -> Iterator[Zones]:
    with name_server() as server:
        yield server


# Under another name of the machine than ours: for the browser they are another site, which gets
# and sends no cookie that is bound to ours.
@pytest.fixture(scope="module")
def oidc_issuer() -> Iterator[str]:
    with oidc_provider("localhost") as issuer:
        yield issuer


@pytest.fixture(scope="module")
def saml_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with saml_provider(tmp_path_factory.mktemp("saml-keys")) as place:
        yield place.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def stack(
    mails: Mailbox, smtp_port: int, zones: Zones, oidc_issuer: str, saml_place: str
) -> Iterator[Stack]:
    environment = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(smtp_port),
        "SSO_NAME_SERVERS": zones.place,
        "OUTBOUND_ALLOWED_HOSTS": ",".join(
            urlsplit(place).netloc for place in (oidc_issuer, saml_place)
        ),
    }
    with running_stack(environment) as started:
        yield started


def begin(page: Page, stack: Stack, mails: Mailbox, email: str) -> Person:
    """An owner with an account of their own, signed in on the page."""
    sign_up(page, email)
    confirm_address(page, lambda: mails.text_to(email))
    return Person.of_page(page, stack)


def account_page(page: Page, owner: Person, name: str) -> None:
    page.goto(f"{owner.account.removeprefix('/api/v1')}/{name}")


def make_team(owner: Person, name: str, role: str) -> dict[str, Any]:
    """A team with a role in the owner's workspace."""
    team: dict[str, Any] = owner.do("POST", f"{owner.account}/teams", {"name": name})
    owner.do("POST", f"{owner.place}/members", {"team_id": team["id"], "role": role})
    return team


# ── An invitation


def test_who_is_invited_sees_what_their_role_allows_until_it_is_taken(
    page: Page, stack: Stack, browser: Browser, address: str, mails: Mailbox
) -> None:
    owner = begin(page, stack, mails, "olga@firm.example")
    make_team(owner, "Loaders", "RUNNER")
    owner.do(
        "POST",
        f"{owner.account}/roles",
        {"name": "Clerk", "based_on": "VIEWER", "scopes": ["workspace:read", "deployments:read"]},
    )
    owner.do("PUT", f"{owner.place}/deployments", DEPLOYMENT)
    invite(page, owner, "ivy@firm.example")

    with another_browser(browser, address) as theirs:
        follow_the_invitation(theirs, mails, "ivy@firm.example")
        ivy = Person.of_page(theirs, stack)
        assert [each["role"] for each in ivy.get("/api/v1/me")["accounts"]] == ["MEMBER"]
        assert [each["role"] for each in ivy.get("/api/v1/me")["workspaces"]] == ["RUNNER"]
        see_what_a_runner_may(theirs, ivy)
        demote(page, owner, theirs, ivy)
        remove(page, theirs, ivy)

    told = {each["action"] for each in owner.get(f"{owner.account}/audit")["items"]}
    assert told >= {"invitation.created", "invitation.accepted", "member.removed"}


def invite(page: Page, owner: Person, email: str) -> None:
    account_page(page, owner, "invitations?invite=new")
    dialog = page.get_by_role("dialog", name="Invite people")
    dialog.get_by_label("Addresses").fill(email)
    dialog.get_by_role("button", name="Add a workspace").click()
    expect(dialog.get_by_label("Role in workspace 1")).to_have_value("Viewer")
    choose(page, "Teams", "Loaders", several=True)
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row").filter(has_text=email)).to_be_visible()


def follow_the_invitation(page: Page, mails: Mailbox, email: str) -> None:
    """From the mail, by the link of either part, to a new login that is in."""
    mail = wait_until("the mail", lambda: mails.last_to(email))
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link = re.search(r"http://\S+/invitations/hwi_\w+", text)
    assert link is not None, text
    assert f'href="{link[0]}"' in html
    page.goto(link[0])
    expect(page.get_by_text(re.compile("invites you to"))).to_be_visible()
    page.get_by_role("link", name="Sign up and accept").click()
    page.get_by_label("E-mail", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile("/w/[^/]+"))


def see_what_a_runner_may(page: Page, ivy: Person) -> None:
    """Start a run, by the team; neither change a deployment, nor make a key, nor invite."""
    page.goto(f"{ivy.account.removeprefix('/api/v1')}/invitations")
    is_denied(page.get_by_role("button", name="Invite people").first, "members:manage")
    page.goto(f"/w/{ivy.workspace['slug']}/settings?tab=keys")
    is_denied(page.get_by_role("button", name=re.compile("^Create")).first, "keys:manage")
    page.goto(f"/w/{ivy.workspace['slug']}/deployments")
    page.get_by_role("link", name="nightly").first.click()
    is_denied(page.get_by_role("button", name="Delete"), "deployments:write")
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f-]{36}"))
    for path in (f"{ivy.account}/invitations", f"{ivy.place}/automations"):
        answer = ivy.ask("POST", path, {})
        assert (answer.status_code, code_of(answer)) == (403, "permission_denied"), path


def demote(page: Page, owner: Person, theirs: Page, ivy: Person) -> None:
    """To a role that sees no runs, while Ivy's page follows one."""
    live, place = ivy.get("/api/v1/me")["live_url"], ivy.place
    assert open_stream(ivy, live, f"{place}/streams/runs").status_code == 200
    account_page(page, owner, "members")
    page.get_by_role("link", name=re.compile("ivy", re.IGNORECASE)).first.click()
    drawer = page.get_by_role("dialog")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        choose(page, f"Role in {owner.workspace['name']}", "Clerk")
    with reopened_in_vain(theirs) as refused:
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as left:
            drawer.get_by_role("button", name=re.compile("out of Loaders")).click()
        assert left.value.ok
        since = time.monotonic()
        refused_within_a_second(lambda: ivy.ask("GET", f"{place}/runs"), since, status=403)
        refused_within_a_second(
            lambda: open_stream(ivy, live, f"{place}/streams/runs"), since, status=403
        )
    assert refused.value.status == 403
    again = open_stream(ivy, live, f"{place}/streams/runs")
    assert code_of(again) == "permission_denied"
    theirs.reload()
    expect(theirs.get_by_role("main")).to_contain_text("This needs the scope runs:read")
    theirs.goto(f"/w/{ivy.workspace['slug']}/deployments")
    expect(theirs.get_by_role("link", name="nightly").first).to_be_visible()


def remove(page: Page, theirs: Page, ivy: Person) -> None:
    place = ivy.place
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Remove from")).click()
    dialog = page.get_by_role("dialog", name=re.compile("^Remove "))
    dialog.get_by_label("Type ivy@firm.example to confirm").fill("ivy@firm.example")
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as removed:
        dialog.get_by_role("button", name="Remove member").click()
    assert removed.value.ok
    refused_within_a_second(lambda: ivy.ask("GET", place), time.monotonic(), status=404)
    theirs.reload()
    expect(theirs.get_by_text("Nothing lives at this address")).to_be_visible()
    me = ivy.get("/api/v1/me")
    assert (me["accounts"], me["workspaces"]) == ([], [])


# ── Signing in by the company's own provider


@dataclass(frozen=True)
class Provider:
    """What differs between the two protocols: how it is set up, and its pages."""

    add: str
    domain: str
    describe: Callable[[Page], None]
    awaits: Callable[[Person, str], None]
    become: Callable[[Page, str], None]
    leave: Callable[[Page], None]


def with_oidc(issuer: str) -> Provider:
    def describe(page: Page) -> None:
        """Register at the provider as its admin does, and enter what it says."""
        ours = page.get_by_role("group", name="Enter this at the provider")
        redirect, after_sign_out = (
            ours.get_by_text(label, exact=True).locator("+ code").inner_text()
            for label in ("Redirect address", "Address after sign-out")
        )
        body = {"redirect_uris": [redirect], "post_logout_redirect_uris": [after_sign_out]}
        client = httpx2.post(f"{issuer}/reg", json=body, trust_env=False).json()
        page.get_by_label("Issuer").fill(issuer)
        page.get_by_label("Client id").fill(client["client_id"])
        page.get_by_label("Client secret").fill(client["client_secret"])

    def become(page: Page, email: str) -> None:
        """Through the provider's own pages, as whoever types that login."""
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill("of the provider")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()

    return Provider(
        add="Add OpenID Connect",
        domain="orbit.example",
        describe=describe,
        awaits=lambda _owner, _email: None,
        become=become,
        leave=lambda page: page.get_by_role("button", name=re.compile("^Yes")).click(),
    )


def with_saml(place: str) -> Provider:
    def awaits(owner: Person, email: str) -> None:
        """Its page answers by itself, for whom it is told; at sign-out it knows who was in."""
        user = saml_user(email, groups=["engineers"])
        [ours] = [each["ours"] for each in owner.get(f"{owner.account}/sso-connections")["items"]]
        participant = {
            "serviceProviderId": ours["entity_id"],
            "nameId": user["nameId"],
            "nameIdFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "sessionIndex": "session-1",
            "serviceProviderLogoutURL": ours["sls_url"],
            "cert": ours["certificate"],
        }
        say(place, user=user, participants=[participant])

    return Provider(
        add="Add SAML",
        domain="lunar.example",
        describe=lambda page: page.get_by_label("Address of its metadata").fill(
            f"{place}/metadata"
        ),
        awaits=awaits,
        become=lambda _page, _email: None,
        leave=lambda _page: None,
    )


@pytest.fixture(params=["OIDC", "SAML"])
def provider(request: pytest.FixtureRequest, oidc_issuer: str, saml_place: str) -> Provider:
    return with_oidc(oidc_issuer) if request.param == "OIDC" else with_saml(saml_place)


def test_a_company_signs_in_by_its_own_provider(
    page: Page,
    stack: Stack,
    browser: Browser,
    address: str,
    mails: Mailbox,
    zones: Zones,
    provider: Provider,
) -> None:
    owner = begin(page, stack, mails, f"owen@{provider.domain}")
    make_team(owner, "Engineers", "DEVELOPER")
    max_ = join(stack, mails, owner, f"max@{provider.domain}")
    grant = {"member_id": member_of(owner, max_.email)["id"], "role": "VIEWER"}
    owner.do("POST", f"{owner.place}/members", grant)
    account_page(page, owner, "sso")
    show_the_domain(page, zones, provider.domain)
    add_the_connection(page, provider, team="Engineers")
    try_and_activate(page, owner, provider, f"tess@{provider.domain}")

    with another_browser(browser, address) as theirs:
        come_by_discovery(theirs, owner, provider, f"dana@{provider.domain}")
        dana = member_of(owner, f"dana@{provider.domain}")
        assert (dana["account_role"], dana["source"]) == ("MEMBER", "SSO")
        assert [each["name"] for each in dana["teams"]] == ["Engineers"]
        assert {each["role"] for each in dana["workspaces"]} == {"VIEWER", "DEVELOPER"}
        require_it(page)
        assert Person.of_page(theirs, stack).ask("GET", owner.place).status_code == 200
        log_out(theirs)
        provider.leave(theirs)
        expect(theirs).to_have_url(re.compile("/login"))
        assert Person.of_page(theirs, stack).ask("GET", "/api/v1/me").status_code == 401

        log_in(theirs, max_.email)
        expect(theirs.get_by_role("main")).to_contain_text("through its identity provider")
        refused = Person.of_page(theirs, stack).ask("GET", owner.place)
        assert (refused.status_code, code_of(refused)) == (403, "sso_required")
    with another_browser(browser, address) as theirs:
        break_the_glass(theirs, stack, owner)


def member_of(owner: Person, email: str) -> dict[str, Any]:
    [found] = owner.get(f"{owner.account}/members?q={email}")["items"]
    member: dict[str, Any] = found
    return member


def show_the_domain(page: Page, zones: Zones, domain: str) -> None:
    page.get_by_label("Add a domain").fill(domain)
    page.get_by_role("button", name="Add domain").click()
    record = page.get_by_role("group", name=f"TXT record of {domain}").locator("code").last
    own = page.get_by_role("list", name="Mail domains").get_by_role("listitem")
    own.get_by_role("button", name="Check").click()
    expect(own.get_by_role("alert")).to_be_visible()  # it is not there yet
    zones.records[domain] = ["v=spf1 -all", record.inner_text()]
    own.get_by_role("button", name="Check").click()
    expect(own).to_contain_text("Verified")


def add_the_connection(page: Page, provider: Provider, *, team: str = "") -> None:
    """New people see the workspace, and engineers join their team, if there is one."""
    page.get_by_role("button", name=provider.add).click()
    drawer = page.get_by_role("dialog")
    provider.describe(page)
    drawer.get_by_role("button", name="Add a workspace").click()
    expect(drawer.get_by_label("Role in workspace 1")).to_have_value("Viewer")
    if team:
        drawer.get_by_role("button", name="Map a group").click()
        drawer.get_by_label("Group 1").fill("engineers")
        choose(page, "Team 1", team)
    drawer.get_by_role("button", name="Save connection").click()
    expect(drawer).to_be_hidden()


def connections(page: Page) -> Any:
    return page.get_by_role("list", name="Connections").get_by_role("listitem").first


def try_and_activate(page: Page, owner: Person, provider: Provider, email: str) -> None:
    is_denied(connections(page).get_by_role("button", name="Activate"), "test sign-in")
    provider.awaits(owner, email)
    connections(page).get_by_role("button", name="Test sign-in").click()
    provider.become(page, email)
    outcome = page.get_by_role("region", name="Last test")
    expect(outcome).to_contain_text("Would be let in")
    expect(outcome).to_contain_text("They are new here")
    expect(outcome).to_contain_text("Teams joined: Engineers.")
    assert owner.get(f"{owner.account}/members?q={email}")["items"] == []
    connections(page).get_by_role("button", name="Activate").click()
    expect(connections(page).get_by_role("button", name="Deactivate")).to_be_visible()


def come_by_discovery(page: Page, owner: Person, provider: Provider, email: str) -> None:
    """By nothing but the address, into the workspace."""
    provider.awaits(owner, email)
    page.goto("/login")
    page.get_by_role("button", name="Continue with single sign-on").click()
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_role("form", name="Single sign-on").get_by_role("button", name="Continue").click()
    provider.become(page, email)
    expect(page).to_have_url(re.compile(f"/w/{owner.workspace['slug']}"))
    expect(page.get_by_role("button", name=re.compile("your account"))).to_be_visible()


def require_it(page: Page) -> None:
    switch = page.get_by_role("switch", name="Require single sign-on")
    switch.click()
    page.get_by_role("dialog", name="Require single sign-on").get_by_role(
        "button", name="Require it"
    ).click()
    expect(switch).to_be_checked()


def break_the_glass(page: Page, stack: Stack, owner: Person) -> None:
    """The owner comes in by a password, and the log says so: once for each session."""
    path = f"{owner.account}/audit?action=sso.glass_broken"
    before = len(owner.get(path)["items"])
    [me] = [each for each in owner.get(f"{owner.account}/members")["items"] if is_owner(each)]
    log_in(page, me["user"]["email"])
    expect(page).to_have_url(re.compile("/w/[^/]+"))
    again = Person.of_page(page, stack)
    entries = again.get(path)["items"]
    assert len(entries) == before + 1
    assert {each["actor"]["id"] for each in entries} == {me["user"]["id"]}
    account_page(page, again, "audit?action=sso.glass_broken")
    expect(page.get_by_role("main")).to_contain_text("glass broken")


def is_owner(member: dict[str, Any]) -> bool:
    return bool(member["account_role"] == "OWNER")


# ── A directory that keeps the people


def test_a_directory_takes_somebody_out_and_everything_of_theirs_ends(
    page: Page,
    stack: Stack,
    browser: Browser,
    address: str,
    mails: Mailbox,
    zones: Zones,
    oidc_issuer: str,
) -> None:
    provider = with_oidc(oidc_issuer)
    domain, ed = "comet.example", "ed@comet.example"
    owner = begin(page, stack, mails, f"sue@{domain}")
    account_page(page, owner, "sso")
    show_the_domain(page, zones, domain)
    add_the_connection(page, provider)
    page.get_by_role("button", name="Test sign-in").click()
    provider.become(page, f"tess@{domain}")
    connections(page).get_by_role("button", name="Activate").click()
    scim = directory_of(page, stack)

    user = write(scim, "POST", "Users", {"schemas": [USER], "userName": ed})
    member = {"value": user["id"]}
    write(scim, "POST", "Groups", {"schemas": [GROUP], "displayName": "Ops", "members": [member]})
    [team] = owner.get(f"{owner.account}/teams")["items"]
    owner.do("POST", f"{owner.place}/members", {"team_id": team["id"], "role": "DEVELOPER"})
    with another_browser(browser, address) as theirs:
        come_by_discovery(theirs, owner, provider, ed)
        assert member_of(owner, ed)["source"] == "SCIM"
        person = Person.of_page(theirs, stack)
        key = person.do("POST", f"{owner.place}/api-keys", {"name": "own", "role": "VIEWER"})
        live = person.get("/api/v1/me")["live_url"]
        theirs.goto(f"/w/{owner.workspace['slug']}/runs")
        expect(theirs.get_by_role("heading", name="Runs", level=1)).to_be_visible()
        with with_key(stack, key["secret"]) as program:
            assert program.get(f"{owner.place}/runs").status_code == 200
            assert open_stream(person, live, f"{owner.place}/streams/runs").status_code == 200

            with reopened_in_vain(theirs) as ended:
                change = {"op": "replace", "path": "active", "value": False}
                body = {"schemas": [PATCH], "Operations": [change]}
                write(scim, "PATCH", f"Users/{user['id']}", body)
                since = time.monotonic()
                refused_within_a_second(
                    lambda: person.ask("GET", f"{owner.place}/runs"), since, status=401
                )
                refused_within_a_second(
                    lambda: program.get(f"{owner.place}/runs"), since, status=403
                )
                refused_within_a_second(
                    lambda: open_stream(person, live, f"{owner.place}/streams/runs"),
                    since,
                    status=401,
                )
            assert ended.value.status == 401
        theirs.reload()
        expect(theirs).to_have_url(re.compile("/login"))
    assert member_of(owner, ed)["deactivated_at"] is not None


USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def directory_of(page: Page, stack: Stack) -> httpx2.Client:
    """The provider's side, with the token that the page shows once."""
    page.get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog", name="Copy the token now")
    shown = dialog.locator("pre code")
    expect(shown).to_have_count(2)
    base, token = shown.all_inner_texts()
    dialog.get_by_role("button", name="I have copied it").click()
    assert base == f"{stack.url}/scim/v2"
    client = with_key(stack, token)
    client.base_url = f"{base}/"
    return client


def write(scim: httpx2.Client, method: str, path: str, body: object) -> Any:
    answer = scim.request(method, path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None
