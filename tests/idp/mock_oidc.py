"""Run oidc-provider-mock on a free port of loopback until our input ends; print the port."""

import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import oidc_provider_mock


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


server = make_server("127.0.0.1", 0, oidc_provider_mock.app(), handler_class=Silent)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
