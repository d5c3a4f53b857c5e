"""Templates of the workspace's own: what they make of deliveries, and what they cannot do."""

from __future__ import annotations

import json
import time

import pytest

from apps.core.clock import utc_now
from apps.ingest.hooks.custom import MAX_BODY_BYTES, SANDBOX

pytestmark = pytest.mark.django_db
ORDERS = (
    '[{% for order in body.orders %}{"name": "order.{{ order.state | lower }}",'
    ' "resource": {"kind": "order", "name": {{ order.id | string | tojson }}},'
    ' "payload": {{ order | tojson }}}'
    "{% if not loop.last %},{% endif %}{% endfor %}]"
)
BODY = {"orders": [{"id": 1, "state": "PAID"}, {"id": 2, "state": "LOST"}]}


def error_of(answer):
    return answer.json()["error"]


def test_a_template_makes_a_list_of_events(make_hook):
    hook = make_hook("CUSTOM", template=ORDERS)

    answer = hook.deliver(BODY, {"X-Delivery-Id": "1"})

    assert answer.json()["accepted"] == 2
    assert {(event.name, event.resource_name) for event in hook.events()} == {
        ("order.paid", "1"),
        ("order.lost", "2"),
    }
    assert hook.deliver(BODY, {"X-Delivery-Id": "1"}).json()["duplicates"] == 2


def test_a_template_says_when_and_what_follows(make_hook):
    at = utc_now().isoformat()
    template = (
        '{"name": "x", "occurred_at": "{{ body.at }}", "follows": "{{ body.cause }}",'
        ' "related": [{"role": "by", "kind": "user", "name": "{{ headers[\'x-user\'] }}"}]}'
    )
    hook = make_hook("CUSTOM", template=template)
    cause = "0198a5a0-0000-7000-8000-000000000001"

    hook.deliver({"at": at, "cause": cause}, {"X-User": "alice"})

    (event,) = hook.events()
    assert (event.occurred_at.isoformat(), str(event.follows)) == (at, cause)
    assert event.related[0]["name"] == "alice"


def test_a_form_and_a_text_can_be_read(make_hook):
    form = make_hook("CUSTOM", name="form", template='{"name": "form.{{ body.kind }}"}')
    text = make_hook("CUSTOM", name="text", template='{"name": "text.{{ body }}"}')

    form.deliver(b"kind=a&kind=b", {}, "application/x-www-form-urlencoded")
    text.deliver(b"zeile", {}, "text/plain")

    assert {event.name for event in form.events()} == {"form.b", "text.zeile"}


def test_a_template_may_find_nothing_to_tell(make_hook):
    hook = make_hook("CUSTOM", template='{% if body.ok %}{"name": "x"}{% endif %}')

    assert hook.deliver({"ok": False}).json() == {"accepted": 0, "duplicates": 0, "rejected": []}
    assert hook.has_nothing()


def test_one_bad_event_of_several_is_refused(make_hook):
    hook = make_hook("CUSTOM", template='[{"name": "x"}, {"name": ""}, {"nome": "x"}]')

    answer = hook.deliver({})

    assert answer.json()["accepted"] == 1
    assert [each["index"] for each in answer.json()["rejected"]] == [1, 2]


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ body.missing }}", "no attribute 'missing'"),
        ("no JSON", "makes no JSON"),
        ('"a text"', "makes no JSON"),
        ("[" * 300, "makes no JSON"),
        ('[{% for a in body.many %}{"name": "x"},{% endfor %}{"name": "x"}]', "more than 1000"),
        ("{{ body | items | first | upper }}", None),
        ("{{ body.text | int }}", "Not a whole number"),
        ("{% for a in body.text %}{% endfor %}", "Only lists and objects"),
        ("{% for a in body.none %}{% endfor %}", "no attribute 'none'"),
        ("{{ body.many | join(body.text) }}", None),
    ],
    ids=[
        *("missing", "text", "a JSON text", "nested", "too many", "a list", "no number"),
        *("a loop over text", "a loop over nothing", "joined"),
    ],
)
def test_a_template_that_fails_is_told(make_hook, template, says):
    hook = make_hook("CUSTOM", template=template)
    body = {"many": [1] * 1_001, "text": "x" * 100}

    answer = hook.deliver(body)

    assert (answer.status_code, error_of(answer)["code"]) == (400, "template_failed")
    assert says is None or says in error_of(answer)["message"]
    assert hook.has_nothing()
    assert hook.refused() == {("webhook", "template_failed"): 1}


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ body.__class__ }}",
        "{{ body['__class__'] }}",
        "{{ body | attr('__class__') }}",
        "{{ body.keys() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum.__globals__ }}",
        "{{ config }}",
        "{{ 'a' * 10**9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ range(1000000000) | list }}",
        "{% for x in range(1000000000) %}{% endfor %}",
        "{% set x = 'a' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
        "{% for x in body recursive %}{{ loop(x) }}{% endfor %}",
        "{% for _x in body %}{% endfor %}",
        "{% for x in body %}{% endfor %}{{ x }}",
        "{% for x in body %}{{ loop.__class__ }}{% endfor %}",
        "{{ body[:9] }}",
        "{{ body is mapping }}",
        "{{ body | map('upper') }}",
        "{{ body | (counted) }}",
        "{" * 5_000,
        "x" * 16_385,
        "{{" + "(" * 3_000 + "1" + ")" * 3_000 + "}}",
        "a\x00b",
    ],
)
def test_a_template_that_could_do_more_is_not_saved(api, alice, template):
    client = api(alice)

    answer = client.post("webhooks", {"name": "x", "preset": "CUSTOM", "template": template})

    assert answer.status_code == 400
    assert client.get("webhooks").json()["items"] == []


DEEP = "{% for a in body.m %}" * 6 + "x" + "{% endfor %}" * 6


@pytest.mark.parametrize(
    "template",
    [
        DEEP,
        "{% for a in body.m %}{% for b in body.m %}{{ body.big | upper | lower }}"
        "{% endfor %}{% endfor %}",
        "{% for a in body.m %}{% for b in body.m %}{{ loop.length }}{% endfor %}{% endfor %}",
        "{% for a in body.m %}{% if body.list == body.list_too %}{% endif %}{% endfor %}"
        "{% for a in body.m %}{{ body.big }}{% endfor %}",
        "{% for a in body.m %}{{ body.list | tojson }}{% endfor %}",
        "{{ " + " ~ ".join(["body.big"] * 1_000) + " }}",
        "{{ " + " + ".join(["body.big"] * 30) + " }}",
        "{{ body.big | replace('a', body.big) }}",
        "{% for a in body.m if body.big | length %}{% for b in body.m %}{% endfor %}{% endfor %}",
    ],
    ids=[
        *("six deep", "work within", "lengths", "comparing", "JSON within", "joined", "added"),
        *("replaced", "conditions"),
    ],
)
def test_a_template_that_goes_on_and_on_is_ended(template):
    SANDBOX.check(template)
    numbers = list(range(40_000))
    body = {
        "m": list(range(300)),
        "big": "a" * 200_000,
        "list": numbers,
        "list_too": [*numbers],
    }
    begun = time.process_time()

    with pytest.raises(ValueError, match=r"takes too long|goes through too much|longer than"):
        SANDBOX.render(template, {"body": body})

    assert time.process_time() - begun < 10  # without an end it would be minutes


def test_a_body_for_a_template_is_smaller(make_hook):
    hook = make_hook("CUSTOM", template='{"name": "x"}')

    assert hook.deliver({"a": "x" * MAX_BODY_BYTES}).status_code == 413


def test_a_template_never_sees_what_proves_who_sends(make_hook):
    hook = make_hook("CUSTOM", template='{"name": "x", "payload": {{ headers | tojson }}}')

    hook.deliver({}, {"Authorization": "Bearer hunter2", "Cookie": "a=hunter2", "X-Other": "y"})

    (event,) = hook.events()
    assert event.payload["x-other"] == "y"
    assert "hunter2" not in json.dumps(event.payload)


def test_preview_shows_events_and_stores_nothing(api, alice, make_hook):
    hook = make_hook("CUSTOM", template='{"name": "x"}')

    answer = api(alice).post("webhooks/preview", {"template": ORDERS, "body": BODY})

    assert answer.status_code == 200
    found = answer.json()
    assert [event["name"] for event in found["events"]] == ["order.paid", "order.lost"]
    assert found["events"][0]["payload"] == {"id": 1, "state": "PAID"}
    assert found["rejected"] == []
    assert hook.has_nothing()
    assert hook.refused() == {}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"template": "{{ body.x.y }}", "body": {}}, "template_failed"),
        ({"template": "{{ nobody }}", "body": {}}, "invalid_request"),
        ({"template": "x", "body": "a\x00b"}, "template_failed"),
        ({"template": "x"}, "invalid_request"),
        ({"template": 1, "body": {}}, "template_failed"),
        ({"template": "x", "body": {}, "headers": {"a": {}}}, "invalid_request"),
        ({"template": "x", "body": {}, "more": 1}, "invalid_request"),
    ],
    ids=["fault", "unknown name", "NUL", "no body", "a number", "odd headers", "unknown field"],
)
def test_preview_says_what_is_wrong(api, alice, given, code):
    answer = api(alice).post("webhooks/preview", given)

    assert (answer.status_code, error_of(answer)["code"]) == (400, code)
