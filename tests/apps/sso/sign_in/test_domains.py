"""Domains are shown to be one's own by a record that a real name server answers with."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.sso import services
from apps.sso.models import VerifiedDomain
from apps.sso.tasks import enqueue_due_domains
from apps.tenancy.isolation import account_scope
from tests.factories.sso import Sso

pytestmark = pytest.mark.django_db


def add(sso, domain="data.example"):
    answer = sso.client.post(sso.url("domains"), {"domain": domain})
    assert answer.status_code == 201, answer.content
    return answer.json()


def verify(sso, domain):
    return sso.client.post(sso.url(f"domains/{domain['id']}/verification"))


def test_the_record_verifies_the_domain(sso, zones):
    domain = add(sso)
    assert domain["record"].startswith("headway-verification=")
    assert domain["verified_at"] is None
    zones.records["data.example"] = ["v=spf1 -all", domain["record"]]

    answer = verify(sso, domain)

    assert answer.status_code == 200
    assert answer.json()["verified_at"]
    assert zones.asked == ["data.example"]
    assert sso.audited("sso.domain_verified")[0].object_name == "data.example"


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], []),
        (["something else"], []),
        (["headway-verification=wrong"], ["headway-verification=wrong"]),
        (["headway-verification="], ["headway-verification="]),
    ],
)
def test_what_else_stands_there_verifies_nothing_and_is_told(sso, zones, records, found):
    domain = add(sso)
    zones.records["data.example"] = records

    answer = verify(sso, domain)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "sso_domain_not_verified"
    assert answer.json()["error"]["details"]["found"] == found
    assert sso.client.get(sso.url(f"domains/{domain['id']}")).json()["verified_at"] is None


def test_a_domain_that_does_not_exist_is_not_verified(sso, zones):
    assert verify(sso, add(sso)).status_code == 409


def test_name_servers_that_fail_are_said_to(sso, zones):
    zones.refusing = True

    answer = verify(sso, add(sso))

    assert answer.status_code == 409
    assert answer.json()["error"]["details"]["error"] == "NoNameservers"


def test_a_long_record_in_pieces_is_read_whole(sso, zones):
    domain = add(sso)
    zones.records["data.example"] = ["x" * 450, domain["record"]]

    assert verify(sso, domain).status_code == 200


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Data.Example", "data.example"),
        (" data.example. ", "data.example"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_names_are_kept_as_name_servers_know_them(sso, given, stored):
    assert add(sso, given)["domain"] == stored


@pytest.mark.parametrize(
    "given",
    [
        *("example", "", "a..b", "-a.example", "a b.example", "user@a.example", "*.a.example"),
        *("a.example/x", "x" * 70 + ".example", "https://a.example"),
    ],
)
def test_what_is_no_domain_is_refused(sso, given):
    answer = sso.client.post(sso.url("domains"), {"domain": given})

    assert answer.status_code == 400
    assert "domain" in answer.json()["error"]["fields"]


def test_a_domain_is_verified_by_one_account_only(sso, zones, api, mallory, settings):
    rival = Sso(person=mallory, client=api(mallory), settings=settings)
    mine, theirs = add(sso), add(rival)
    zones.records["data.example"] = [mine["record"], theirs["record"]]
    assert verify(sso, mine).status_code == 200

    answer = verify(rival, theirs)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "sso_domain_taken"
    assert sso.client.delete(sso.url(f"domains/{mine['id']}")).status_code == 204
    assert verify(rival, theirs).status_code == 200


def stored(sso, domain):
    with account_scope(sso.account_id):
        return VerifiedDomain.objects.get(pk=domain["id"])


def test_a_record_that_is_gone_for_seven_days_loses_the_domain(sso, zones):
    domain = add(sso)
    zones.records["data.example"] = [domain["record"]]
    verify(sso, domain)
    zones.records.clear()
    start = utc_now()

    for days, verified in ((1, True), (2, True), (7.9, True), (8.9, False)):
        services.check_domains(account_id=sso.account_id, now=start + timedelta(days=days))

        assert (stored(sso, domain).verified_at is not None) is verified, days

    assert [each.object_name for each in sso.audited("sso.domain_lost")][-1] == "data.example"


def test_a_record_that_comes_back_in_time_keeps_it(sso, zones):
    domain = add(sso)
    zones.records["data.example"] = [domain["record"]]
    verify(sso, domain)
    start = utc_now()
    zones.records.clear()
    services.check_domains(account_id=sso.account_id, now=start + timedelta(days=1))
    assert stored(sso, domain).missing_since is not None
    zones.records["data.example"] = [domain["record"]]

    services.check_domains(account_id=sso.account_id, now=start + timedelta(days=6))

    found = stored(sso, domain)
    assert found.verified_at is not None
    assert found.missing_since is None


def test_name_servers_that_fail_count_neither_for_nor_against(sso, zones):
    domain = add(sso)
    zones.records["data.example"] = [domain["record"]]
    verify(sso, domain)
    zones.refusing = True

    services.check_domains(account_id=sso.account_id, now=utc_now() + timedelta(days=30))

    found = stored(sso, domain)
    assert found.verified_at is not None
    assert found.missing_since is None
    assert found.last_error


def test_domains_are_looked_at_once_a_day(sso, zones):
    zones.records["acme.example"] = ["headway-verification=t"]
    now = utc_now()

    assert services.check_domains(account_id=sso.account_id, now=now) == 0
    assert services.check_domains(account_id=sso.account_id, now=now + timedelta(days=1)) == 1
    assert services.check_domains(account_id=sso.account_id, now=now + timedelta(days=1)) == 0


def test_every_account_is_looked_at_by_the_clock(
    sso, zones, rival_workspace, django_capture_on_commit_callbacks
):
    with account_scope(sso.account_id):
        VerifiedDomain.objects.update(checked_at=utc_now() - timedelta(days=2))
    zones.records["acme.example"] = ["headway-verification=t"]

    with django_capture_on_commit_callbacks(execute=True):
        enqueue_due_domains()

    assert zones.asked == ["acme.example"]
    with account_scope(sso.account_id):
        assert VerifiedDomain.objects.get().checked_at > utc_now() - timedelta(minutes=5)
