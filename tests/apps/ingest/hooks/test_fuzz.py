"""
Mutated deliveries of every preset: an answer, never a failure of ours.

Most are signed after they were mutated, as somebody would who has the secret; the rest before. As
many as at the other doors: two hundred, or `HEADWAY_FUZZ`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from urllib.parse import quote_plus

import pytest
from django.test import Client

from tests.apps.ingest.doors.test_fuzz import FINE, MANY, SEED, mutated, told
from tests.apps.ingest.hooks import test_presets as senders
from tests.apps.ingest.hooks.test_sns import (
    TOPIC,
    amazon,
    confirmation,
    notification,
    record,
    stage,
)

__all__ = ["amazon", "stage"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(max(180, MANY // 10)),
]

FORM = "application/x-www-form-urlencoded"
TEMPLATE = """[{% for each in body.rows | default([body]) %}
  {"name": {{ each.kind | default("any") | string | tojson }}, "payload": {{ each | tojson }}}
  {%- if not loop.last %},{% endif %}
{% endfor %}]"""
ROWS = {"rows": [{"kind": "order", "id": 7}, {"kind": "refund", "amount": 2.5}]}
MADE = (
    ("GITHUB", senders.github, senders.PUSH, {}),
    ("STRIPE", senders.stripe, senders.INVOICE, {}),
    ("SLACK", senders.slack, senders.MESSAGE, {}),
    ("DBT_CLOUD", senders.dbt, senders.FINISHED, {}),
    ("EVENTBRIDGE", senders.eventbridge, senders.OBJECT, {}),
    ("GENERIC", senders.standard, senders.ANY, {}),
    ("CUSTOM", senders.plain, ROWS, {"template": TEMPLATE}),
)


@pytest.mark.usefixtures("stage")
def test_no_delivery_is_a_failure_of_ours(make_hook, request, record_property):
    signer = request.getfixturevalue("amazon")
    chance = random.Random(SEED)
    made = [
        (make_hook(preset, secret=senders.SECRET, **settings), sign, senders.wire(body))
        for preset, sign, body, settings in MADE
    ]
    topic = make_hook("SNS", topic_arn=TOPIC)
    messages = [notification({"Records": [record(), record()]}), notification(senders.OBJECT)]
    messages.append(confirmation())
    client = Client(raise_request_exception=False)
    answers: Counter[int] = Counter()
    wrong = []
    for number in range(MANY):
        kind = number % (len(made) + 1)
        if kind < len(made):
            hook, sign, body = made[kind]
            sent, content_type = mutated(chance, body), "application/json"
            if sign is senders.github and chance.random() < 0.3:
                sent, content_type = b"payload=" + quote_plus(sent).encode(), FORM
            sent, headers = sign(sent)
            if chance.random() < 0.2:
                sent = mutated(chance, sent)
            if chance.random() < 0.2:
                name = chance.choice(list(headers))
                odd = mutated(chance, headers[name].encode()).decode("latin-1")
                headers[name] = odd.replace("\r", "").replace("\n", "")
        else:
            hook, headers, content_type = topic, {}, "text/plain"
            message = dict(messages[number % len(messages)])
            # Its type says what is signed: that is mutated only afterwards.
            field = chance.choice([*sorted(message.keys() - {"Type"}), "Message", "Message"])
            message[field] = mutated(chance, message[field].encode()).decode("latin-1")
            sent = json.dumps(signer.sign(message)).encode()
            if chance.random() < 0.3:
                sent = mutated(chance, sent)
        answer = client.generic("POST", hook.path, sent, content_type=content_type, headers=headers)
        answers[answer.status_code] += 1
        # 503: the certificate stands where nobody answers, so the same delivery may come again.
        weather = kind == len(made) and answer.status_code == 503
        if answer.status_code not in FINE | {401, 403} and not weather:
            wrong.append((number, hook.made["preset"], answer.status_code, sent[:300]))
            if len(wrong) == 10:
                break

    record_property("fuzz", told("webhooks", answers))
    assert wrong == []
    assert answers[200] > MANY // 20
