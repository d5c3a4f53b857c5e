"""openlineage-python: a run that reads and writes, twice over: as it is and packed."""

import json
import os
from datetime import UTC, datetime

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import parent_run, schema_dataset, sql_job
from openlineage.client.transport.http import (
    ApiKeyTokenProvider,
    HttpCompression,
    HttpConfig,
    HttpTransport,
)
from openlineage.client.uuid import generate_new_uuid

URL, KEY = os.environ["HEADWAY_URL"], os.environ["HEADWAY_KEY"]


def now():
    return datetime.now(UTC).isoformat()


def client(compression=None):
    auth = ApiKeyTokenProvider({"apiKey": KEY})
    return OpenLineageClient(
        transport=HttpTransport(HttpConfig(url=URL, auth=auth, compression=compression))
    )


parent = parent_run.ParentRunFacet(
    run=parent_run.Run(runId=os.environ["HEADWAY_RUN_ID"]),
    job=parent_run.Job(namespace="headway", name="nightly"),
)
facets = {
    "schema": schema_dataset.SchemaDatasetFacet(
        fields=[schema_dataset.SchemaDatasetFacetFields(name="id", type="int")]
    )
}
job = Job(namespace="acme", name="orders", facets={"sql": sql_job.SQLJobFacet(query="select 1")})
for compression in (None, HttpCompression.GZIP):
    sender = client(compression)
    run = Run(runId=str(generate_new_uuid()), facets={"parent": parent})
    for state in (RunState.START, RunState.COMPLETE):
        sender.emit(
            RunEvent(
                eventType=state,
                eventTime=now(),
                run=run,
                job=job,
                inputs=[InputDataset(namespace="db", name="raw.orders")],
                outputs=[OutputDataset(namespace="db", name="mart.orders", facets=facets)],
            )
        )
        print(json.dumps({"sent": f"run.{state.value.lower()}", "run": run.runId}))
sender.emit(JobEvent(eventTime=now(), job=job))
sender.emit(
    DatasetEvent(eventTime=now(), dataset=StaticDataset(namespace="db", name="mart.orders"))
)
print(json.dumps({"sent": "job"}))
print(json.dumps({"sent": "dataset"}))
