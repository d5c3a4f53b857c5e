"""Instrumented clients of language models, before servers that answer with known usage."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

MODEL = "gpt-4o-mini-2024-07-18"


def _chat(usage):
    message = {"role": "assistant", "content": "hi"}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
    }


def _chunk(choices, usage=None):
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": choices,
        "usage": usage,
    }


ANSWERS = {
    "/v1/chat/completions": _chat(
        {
            "prompt_tokens": 1200,
            "completion_tokens": 30,
            "total_tokens": 1230,
            "prompt_tokens_details": {"cached_tokens": 1024},
            "completion_tokens_details": {"reasoning_tokens": 16},
        }
    ),
    "/v1/embeddings": {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    },
    "/v1/responses": {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "model": MODEL,
        "status": "completed",
        "output": [],
        "usage": {
            "input_tokens": 36,
            "input_tokens_details": {"cached_tokens": 10},
            "output_tokens": 87,
            "output_tokens_details": {"reasoning_tokens": 5},
            "total_tokens": 123,
        },
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    },
    "/v1/messages": {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-1",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 100,
            "output_tokens": 20,
            "cache_read_input_tokens": 50,
            "cache_creation_input_tokens": 7,
        },
    },
}
STREAM = [
    _chunk([{"index": 0, "delta": {"role": "assistant", "content": "hi"}, "finish_reason": None}]),
    _chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    _chunk([], {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}),
]


class Models(BaseHTTPRequestHandler):
    """Answers as the providers do, with usage that is known."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked.get("stream"):
            kind = "text/event-stream"
            lines = [*(json.dumps(each) for each in STREAM), "[DONE]"]
            body = "".join(f"data: {line}\n\n" for line in lines).encode()
        else:
            kind, body = "application/json", json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Models)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"

resource = Resource.create(
    {"service.name": "assistant", "headway.run_id": os.environ["HEADWAY_RUN_ID"]}
)
tracing = TracerProvider(resource=resource)
tracing.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
OpenAIInstrumentor().instrument(tracer_provider=tracing)
AnthropicInstrumentor().instrument(tracer_provider=tracing)

said = [{"role": "user", "content": "hello"}]
client = openai.OpenAI(base_url=f"{base}/v1", api_key="none")
client.chat.completions.create(model="gpt-4o-mini", messages=said)
options = {"include_usage": True}
list(
    client.chat.completions.create(
        model="gpt-4o-mini", messages=said, stream=True, stream_options=options
    )
)
client.embeddings.create(model="text-embedding-3-small", input="hello")
client.responses.create(model="gpt-4o-mini", input="hello")
anthropic.Anthropic(base_url=base, api_key="none").messages.create(
    model="claude-opus-4-1", max_tokens=10, messages=said
)
tracing.shutdown()
print(json.dumps({"calls": 5}))
