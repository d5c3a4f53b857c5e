"""prometheus-remote-writer: two series of three samples."""

import json
import os
import time

from prometheus_remote_writer import RemoteWriter

URL, KEY = os.environ["HEADWAY_URL"], os.environ["HEADWAY_KEY"]
writer = RemoteWriter(
    url=f"{URL}/api/v1/prometheus/write", headers={"Authorization": f"Bearer {KEY}"}
)
now = int(time.time() * 1_000)
times = [now - 2_000, now - 1_000, now]
writer.send(
    [
        {
            "metric": {"__name__": "jobs_total", "queue": queue},
            "values": [1.0, 2.0, 3.5],
            "timestamps": times,
        }
        for queue in ("fast", "slow")
    ]
)
print(json.dumps({"sent": 6}))
