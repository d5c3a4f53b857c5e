import time

import pytest

from apps.automations.templates import (
    MAX_BYTES,
    RenderFaultError,
    TemplateFaultError,
    check_template,
    fill,
    mentions,
    render,
)

CONTEXT = {
    "event": {
        "name": "job.failed",
        "run_id": None,
        "resource": {"name": "orders"},
        "payload": {"n": 3, "half": 0.5, "list": [1, 2], "text": "<b>", "yes": True},
    },
    "firing": {"count": 2},
    "automation": {"name": "watch"},
    "workspace": {"slug": "acme"},
    "url": "https://headway.example/w/acme",
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("{{ event.name }} on {{ event.resource.name }}", "job.failed on orders"),
        ("{{ event.payload.n }} {{ event.payload.half }} {{ event.payload.yes }}", "3 0.5 true"),
        ("{{ event.payload.list }} {{ event.payload.list[1] }}", "[1, 2] 2"),
        ("{{ event['payload']['text'] }}", "<b>"),
        ("{{ event.run_id }}", ""),
        ("{% if event.payload.n > 2 %}many{% else %}few{% endif %}", "many"),
        ("{{ event.payload.none | default('nothing') }}", "nothing"),
        ("{{ event.name | upper | replace('JOB', 'task') }}", "task.FAILED"),
        ("{{ event.payload.list | join('-') }} {{ event.payload.list | length }}", "1-2 2"),
        ("{{ event.payload.list | first }}{{ event.payload.list | last }}", "12"),
        ("{{ event.payload.text | tojson }}", '"<b>"'),
        ("{{ 'a b/ü' | urlencode }}", "a%20b%2F%C3%BC"),
        ("{{ event.name | truncate(4) }}", "job…"),
        ("{{ event.payload.half + 1 }} {{ event.payload.half | round }}", "1.5 0.0"),
        ("{{ 'yes' if event.payload.yes else 'no' }}", "yes"),
        ("{{ event.payload.zzz is defined }}", "false"),
    ],
)
def test_templates_look_things_up_and_choose(source, text):
    check_template(source)

    assert render(source, CONTEXT) == text


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in event %}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% import 'x' as y %}",
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{% set x = 1 %}",
        "{% with x = 1 %}{% endwith %}",
        "{% block x %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% call x() %}{% endcall %}",
        "{{ event() }}",
        "{{ event.name.upper() }}",
        "{{ ''.join([url, url]) }}",
        "{{ 9 * 9 }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ '%99999999s' % 1 }}",
        "{{ 'x' * 99999999 }}",
        "{{ event.__class__ }}",
        "{{ event['__class__'] }}",
        "{{ event | attr('__class__') }}",
        "{{ event | map('upper') }}",
        "{{ event | list }}",
        "{{ url[1:2] }}",
        "{{ range }}",
        "{{ cycler }}",
        "{{ self }}",
        "{{ loop }}",
        "{{ nothing }}",
        "{{ event",
        "{% if %}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ " + "not " * 200 + "1 }}",
        "x" * (MAX_BYTES + 1),
        "ü" * (MAX_BYTES // 2 + 1),
        "a\x00b",
    ],
)
def test_what_a_template_may_not_do_is_refused_when_it_is_saved(source):
    with pytest.raises(TemplateFaultError):
        check_template(source)


def test_names_may_be_fewer():
    check_template("{{ firing.count }}", names=("firing",))
    with pytest.raises(TemplateFaultError, match="there is no 'event' here"):
        check_template("{{ event.name }}", names=("firing",))


@pytest.mark.parametrize(
    "source",
    [
        "{{ event.nothing }}",
        "{{ event.nothing.more }}",
        "{{ event.name.upper }}",
        "{{ event.payload.n.real }}",
        "{{ event.items }}",
        "{{ event.payload.list[9] }}",
        "{{ event.payload.text + 1 }}",
        "{{ event.payload.n | join }}",
        "{{ 1 / 0 }}",
        "{{ 'x' | int }}",
        "{{ event.payload.nothing | upper }}",
        "{{ event.payload.nothing | tojson }}",
    ],
)
def test_what_is_not_there_is_an_error_and_never_a_guess(source):
    check_template(source)

    with pytest.raises(RenderFaultError):
        render(source, CONTEXT)


def test_no_template_grows_without_end():
    text = "{{ event.t | replace('a', event.t) | replace('a', event.t) | replace('a', event.t) }}"
    check_template(text)
    began = time.process_time()

    with pytest.raises(RenderFaultError, match="longer than 64 KiB"):
        render(text, {"event": {"t": "a" * 1000}})
    with pytest.raises(RenderFaultError, match="longer than 64 KiB"):
        render("{{ url }}" * 400, {"url": "x" * 1000})
    assert time.process_time() - began < 5


def test_a_lone_expression_keeps_its_type():
    given = {
        "n": "{{ event.payload.n }}",
        "list": " {{ event.payload.list }} ",
        "none": "{{ event.run_id }}",
        "text": "n={{ event.payload.n }}",
        "two": "{{ event.payload.n }}{{ event.payload.n }}",
        "inside": [{"yes": "{{ event.payload.yes }}"}],
        "plain": 5,
        "brace": "no template",
    }

    assert fill(given, CONTEXT) == {
        "n": 3,
        "list": [1, 2],
        "none": None,
        "text": "n=3",
        "two": "33",
        "inside": [{"yes": True}],
        "plain": 5,
        "brace": "no template",
    }


def test_mentions():
    assert mentions("{{ event.name }}", "event")
    assert not mentions("event {{ url }}", "event")
