"""
Take a picture of every page and let axe-core judge it: 1280 and 390 px, light and dark.

Needs the mock (`npm run dev:mock`) or a real server; `python proof/shoot.py --help` lists the options.
Exits with 1 when axe finds anything serious or critical (`--impacts` widens that), or a page logs an error.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, TimeoutError as PlaywrightTimeout, sync_playwright

HERE = Path(__file__).resolve().parent
AXE = HERE.parent / "node_modules/axe-core/axe.min.js"
BIG_RUN = "01940000-0000-7000-8000-000000100000"
SIZES = {"1280": (1280, 860), "390": (390, 844)}
PAGES = {
    "login": "/login",
    "signup": "/signup",
    "verify": "/verify-email/expired",
    "home": "/w/{ws}",
    "home-fresh": "/w/fresh",
    "runs": "/w/{ws}/runs",
    "runs-empty": "/w/fresh/runs",
    "runs-error": "/w/{ws}/runs?mock=error",
    "run-big": "/w/{ws}/runs/" + BIG_RUN,
    "deployments": "/w/{ws}/deployments",
    "backfills": "/w/{ws}/backfills",
    "backfills-empty": "/w/fresh/backfills",
    "backfill-new": "/w/{ws}/backfills/new",
    "approvals": "/w/{ws}/approvals",
    "approvals-all": "/w/{ws}/approvals?state=all",
    "approvals-empty": "/w/fresh/approvals",
    "calendar": "/w/{ws}/calendar",
    "calendar-empty": "/w/fresh/calendar",
    "limits": "/w/{ws}/limits",
    "limits-empty": "/w/fresh/limits",
    "events": "/w/{ws}/events",
    "events-fault": "/w/{ws}/events?q=name:query.*+payload.rows:>100+nam:x",
    "events-partly": "/w/{ws}/events?q=-payload.x:1&range=7d",
    "events-estimated": "/w/{ws}/events?q=payload.rows:>0&range=7d",
    "events-about": "/w/{ws}/events?about_kind=table&about_name=mart.delays&about_namespace=duckdb",
    "events-empty": "/w/fresh/events",
    "events-error": "/w/{ws}/events?mock=error",
    "logs": "/w/{ws}/logs?range=7d",
    "logs-found": "/w/{ws}/logs?range=7d&level=WARNING",
    "logs-fault": "/w/{ws}/logs?q=nam:x",
    "logs-empty": "/w/fresh/logs",
    "logs-error": "/w/{ws}/logs?mock=error",
    "query-log": "/w/{ws}/query-log?preset=snowflake",
    "refused": "/w/{ws}/refused?row=01940000-0000-7000-8000-00000000f010",
    "refused-empty": "/w/fresh/refused",
    "refused-error": "/w/{ws}/refused?mock=error",
    "metrics-pick": "/w/{ws}/metrics",
    "metrics": "/w/{ws}/metrics?q=avg(departure_delay)+by+airport&q=p95(query_duration)&range=7d",
    "metrics-asked": "/w/{ws}/metrics?q=sum(rows_loaded)&q=avg(query_duration)&q=%3D+A+/+B&range=7d"
    "&compare=1w&events=table.*",
    "metrics-bands": "/w/{ws}/metrics?q=avg(query_duration)&view=bands",
    "metrics-heat": "/w/{ws}/metrics?q=avg(query_duration)&view=heat",
    "dashboards": "/w/{ws}/dashboards",
    "dashboard": "/w/{ws}/dashboards/01a1f0aa-0000-7000-8000-0000000000d1",
    "dashboard-edit": "/w/{ws}/dashboards/01a1f0aa-0000-7000-8000-0000000000d1?edit=true",
    "automations": "/w/{ws}/automations",
    "automations-empty": "/w/fresh/automations",
    "automations-error": "/w/{ws}/automations?mock=error",
    "automations-history": "/w/{ws}/automations?tab=history",
    "automation-new": "/w/{ws}/automations/new?name=dbt.test.failed&range=7d",
    "world": "/w/{ws}/world",
    "world-then": "/w/{ws}/world?at=2026-11-04T00:00:00Z",
    "costs": "/w/{ws}/costs",
    "costs-months": "/w/{ws}/costs?by=month&range=year",
    "costs-error": "/w/{ws}/costs?mock=error",
    "settings-prices": "/w/{ws}/settings?tab=prices",
    "settings-storage": "/w/{ws}/settings?tab=storage",
    "settings-webhooks": "/w/{ws}/settings?tab=webhooks",
    "settings-schemas": "/w/{ws}/settings?tab=schemas",
    "query-log-other": "/w/{ws}/query-log?preset=generic",
    "shared": "/shared/{shared}",
    "shared-wrong": "/shared/hws_wrong",
    "usage": "/w/{ws}/usage",
    "usage-warned": "/w/{ws}/usage?mock=warned",
    "usage-account": "/w/{ws}/usage?of=account&mock=held",
    "usage-self-hosted": "/w/{ws}/usage?mock=self-hosted",
    "usage-error": "/w/{ws}/usage?mock=error",
    "usage-minutes": "/w/{ws}/usage?meter=managed_seconds",
    "plan": "/w/{ws}/plan",
    "plan-held": "/w/{ws}/plan?mock=held",
    "plan-self-hosted": "/w/{ws}/plan?mock=self-hosted",
    "held": "/w/{ws}?mock=held",
    "pools-managed": "/w/{ws}/pools?pool=managed",
    "pools": "/w/{ws}/pools",
    "settings-keys": "/w/{ws}/settings?tab=keys",
    "settings-access": "/w/{ws}/settings?tab=access",
    "settings-audit": "/w/{ws}/settings?tab=audit",
    "members": "/account/{account}/members",
    "members-drawer": "/account/{account}/members?member={member}",
    "members-error": "/account/{account}/members?mock=error",
    "invitations": "/account/{account}/invitations?state=all",
    "invite": "/account/{account}/invitations?invite=new",
    "teams": "/account/{account}/teams",
    "roles": "/account/{account}/roles",
    "role-new": "/account/{account}/roles?role=new&base=RUNNER",
    "service-accounts": "/account/{account}/service-accounts",
    "security": "/account/{account}/security",
    "sso": "/account/{account}/sso",
    "audit": "/account/{account}/audit",
    "account-workspaces": "/account/{account}/workspaces",
    "account-general": "/account/{account}/general",
    "my-keys": "/me/keys",
    "invitation": "/invitations/hwi_good",
    "invitation-expired": "/invitations/expired",
    "settings-channels": "/w/{ws}/settings?tab=channels",
    "settings": "/w/{ws}/settings",
}
# Pages reached by opening the first thing of a list: (list, what to click, what to add to the address).
FOLLOWED = {
    "run": ("/w/{ws}/runs?state=failed&range=7d", "[role=table] a", ""),
    "run-logs": ("/w/{ws}/runs?state=completed", "[role=table] a", "?tab=logs"),
    "run-live": ("/w/{ws}/runs?state=running", "[role=table] a", "?tab=logs"),
    "run-parameters": ("/w/{ws}/runs?state=completed", "[role=table] a", "?tab=parameters"),
    "run-metrics": ("/w/{ws}/runs?state=completed", "[role=table] a", "?tab=metrics"),
    "run-around": ("/w/{ws}/runs?state=failed&range=7d", "[role=table] a", "?tab=around"),
    "table": ("/w/{ws}/world?kind=table", "[role=table] [role=rowgroup] a", ""),
    "dashboard-first": ("/w/{ws}/dashboards", "[role=table] [role=rowgroup] a", ""),
    "run-managed": ("/w/{ws}/runs?state=crashed&range=30d&q=enrichment", "[role=table] a", ""),
    "deployment-managed": ("/w/{ws}/deployments?q=airport", "tbody a", ""),
    "automation": ("/w/{ws}/automations", "li a", ""),
    "automation-edit": ("/w/{ws}/automations", "li a", "?tab=edit"),
    "deployment": ("/w/{ws}/deployments?q={deployment}", "tbody a", ""),
    "deployment-levels": ("/w/{ws}/deployments?q={deployment}", "tbody a", "?tab=levels"),
    "deployment-versions": ("/w/{ws}/deployments?q={deployment}", "tbody a", "?tab=versions"),
    "deployment-schedule": ("/w/{ws}/deployments?q={deployment}", "tbody a", "?schedule=new"),
    "run-waiting": ("/w/{ws}/runs?state=scheduled", "[role=table] a", ""),
    "run-paused": ("/w/{ws}/runs?state=paused", "[role=table] a", ""),
    "run-asking": ("/w/{ws}/approvals", "main li a", ""),
    "backfill": ("/w/{ws}/backfills", "main li a", ""),
    "deployment-run": ("/w/{ws}/deployments?q={deployment}", "tbody a", "?run=now"),
    "team": ("/account/{account}/teams", "[role=rowgroup] a", ""),
    "service-account": ("/account/{account}/service-accounts", "[role=rowgroup] a", ""),
}


LOADED = "document.querySelector('h1, [role=alert]') && !document.querySelector('[role=status][aria-label^=Loading]')"


def settle(page: Page) -> None:
    """Wait until nothing is loading any more; streams keep the network busy, so idleness can't be awaited."""
    page.wait_for_function(LOADED, timeout=20_000)
    page.wait_for_timeout(500)
    page.wait_for_function(LOADED, timeout=20_000)
    page.evaluate("document.fonts.ready.then(() => true)")


def judge(page: Page, name: str, impacts: list[str]) -> list[str]:
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{name}: {each['impact']} {each['id']}: {each['nodes'][0]['html'][:160]} ({len(each['nodes'])} times)"
        for each in found
        if each["impact"] in impacts
    ]


def go(page: Page, name: str, args: argparse.Namespace) -> str | None:
    """Open the page; return what kept us from it."""
    names = {
        "ws": args.workspace,
        "account": args.account,
        "member": args.member,
        "deployment": args.deployment,
        "shared": args.shared,
    }
    if name in PAGES:
        page.goto(args.url + PAGES[name].format(**names))
        return None
    where, what, rest = FOLLOWED[name]
    page.goto(args.url + where.format(**names))
    try:
        settle(page)
        page.locator(what).first.click(timeout=5_000)
        page.wait_for_url(
            lambda url: "/w/" in url and page_of(url) != page_of(where.format(**names)),
            timeout=20_000,
        )
    except PlaywrightTimeout:
        return "nothing to open"
    if rest:
        page.goto(page_of(page.url) + rest)
    return None


def page_of(url: str) -> str:
    return url.split("?")[0]


def shoot(browser: Browser, args: argparse.Namespace, who: str, state: Path | None) -> list[str]:
    problems: list[str] = []
    for scheme in args.schemes:
        for size in args.sizes:
            width, height = SIZES[size]
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                storage_state=state,
                bypass_csp=True,
            )
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
            for name in [*PAGES, *FOLLOWED]:
                if args.only and name not in args.only:
                    continue
                picture = f"{who}{name}-{size}-{scheme}"
                hindrance = go(page, name, args)
                if hindrance is not None:
                    problems.append(f"{picture}: {hindrance}")
                try:
                    settle(page)
                except PlaywrightTimeout:
                    problems.append(f"{picture}: still loading after 20 s")
                page.screenshot(path=args.out / f"{picture}.png", full_page=args.full)
                problems += judge(page, picture, args.impacts)
            context.close()
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:5173")
    parser.add_argument("--workspace", default="acme")
    parser.add_argument("--account", default="acc1", help="id of the account whose pages are taken")
    parser.add_argument("--member", default="m2", help="id of the member whose drawer is opened")
    parser.add_argument(
        "--deployment",
        default="",
        help="of which deployment the pages are taken; else of the first",
    )
    parser.add_argument(
        "--shared",
        default="hws_demo",
        help="token of a link to a dashboard; proof/stage.py prints one",
    )
    parser.add_argument(
        "--impacts",
        nargs="+",
        default=["serious", "critical"],
        help="which findings of axe-core count; moderate and minor are others",
    )
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument(
        "--state",
        type=Path,
        help="Playwright storage state of a logged-in person, for a real server",
    )
    parser.add_argument(
        "--people",
        type=Path,
        help="a folder of such states (proof/stage.py makes it): the pages as each of them sees them",
    )
    parser.add_argument("--out", type=Path, default=HERE.parent / ".shots")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument(
        "--schemes", nargs="+", default=["light", "dark"], choices=["light", "dark"]
    )
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--full", action="store_true", help="the whole page, not only the window")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.browser, headless=True)
        people = (
            [("", args.state)]
            if args.people is None
            else [(f"{state.stem}-", state) for state in sorted(args.people.glob("*.json"))]
        )
        problems = [
            problem for who, state in people for problem in shoot(browser, args, who, state)
        ]
        browser.close()
    sys.stdout.write("\n".join(problems) + "\n" if problems else "no serious findings\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
