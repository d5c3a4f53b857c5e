"""OpenTelemetry's SDK: spans, metrics and logs, by the exporter that is asked for."""

import json
import logging
import os
import sys

from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

encoding = sys.argv[1]
if encoding == "json":
    from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.json.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

resource = Resource.create(
    {
        "service.name": f"shop-{encoding}",
        "service.namespace": "acme",
        "headway.run_id": os.environ["HEADWAY_RUN_ID"],
    }
)
tracing = TracerProvider(resource=resource)
tracing.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
tracer = tracing.get_tracer("client", "1.0")
with tracer.start_as_current_span("load", kind=SpanKind.CLIENT) as outer:
    context = outer.get_span_context()
    with tracer.start_as_current_span("query") as inner:
        inner.set_attribute("db.system.name", "postgresql")
        inner.set_attribute("db.query.text", "select 1")
    with tracer.start_as_current_span("ask") as asked:
        asked.set_attribute("gen_ai.request.model", "m-1")
        asked.set_attribute("gen_ai.usage.input_tokens", 12)
        asked.add_event("chosen", {"n": 1})
print(json.dumps({"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}))

reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=3_600_000)
measuring = MeterProvider(
    resource=resource,
    metric_readers=[reader],
    views=[View(instrument_name="sizes", aggregation=ExponentialBucketHistogramAggregation())],
)
meter = measuring.get_meter("client")
counter = meter.create_counter("orders", unit="1")
latency = meter.create_histogram("latency", unit="ms")
sizes = meter.create_histogram("sizes", unit="By")
meter.create_observable_gauge("depth", [lambda _: [Observation(7)]])
for amount in (3, 4):
    counter.add(amount, {"region": "eu"})
    for value in range(1, 101):
        latency.record(value)
        sizes.record(value * 1_000)
    measuring.force_flush()
measuring.shutdown()
print(json.dumps({"orders": 7, "latency": 200}))

logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
logger = logging.getLogger("shop.orders")
logger.addHandler(LoggingHandler(logger_provider=logs))
logger.propagate = False
logger.warning("order %s is late", 17, extra={"customer": "ann"})
try:
    {}["lost"]
except KeyError:
    logger.exception("it broke")
logs.shutdown()
print(json.dumps({"logs": 2}))
