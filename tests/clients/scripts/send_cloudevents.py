"""cloudevents: binary and structured, by its new API."""

import json
import os
from datetime import UTC, datetime

import requests
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

URL, KEY = os.environ["HEADWAY_URL"], os.environ["HEADWAY_KEY"]
for number, pack in enumerate((to_binary_event, to_structured_event)):
    event = CloudEvent(
        attributes={
            "id": f"order-{number}",
            "source": "/shop",
            "type": "com.acme.order.placed",
            "specversion": "1.0",
            "time": datetime.now(UTC),
            "subject": "orders/17",
            "datacontenttype": "application/json",
        },
        data={"number": number},
    )
    message = pack(event, JSONFormat())
    answer = requests.post(
        f"{URL}/cloudevents",
        data=message.body,
        headers=dict(message.headers) | {"Authorization": f"Bearer {KEY}"},
        timeout=30,
    )
    print(json.dumps({"sent": f"order-{number}", "status": answer.status_code}))
