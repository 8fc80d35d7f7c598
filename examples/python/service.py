#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Moleculer service in Python's standard library: a small till, beside a sidecar.

Environment: SIDECAR (http://127.0.0.1:5103), PORT (0: any free one).
"""
import http.server
import json
import os
import signal
import sys
import threading
import urllib.error
import urllib.request

SIDECAR = os.environ.get("SIDECAR", "http://127.0.0.1:5103")
PRICES = {"apple": 30, "pear": 45, "melon": 250}


class ServiceError(Exception):
    """An error for the caller, as Moleculer knows them."""

    def __init__(self, message, code, kind, data=None):
        super().__init__(message)
        self.error = {"name": "MoleculerClientError", "message": message, "code": code, "type": kind, "data": data}


def post(path, body, parent=None):
    """Asks the sidecar; parent makes a call part of the one being served."""
    headers = {"Content-Type": "application/json"}
    if parent:
        headers["X-Parent-ID"] = parent
    request = urllib.request.Request(SIDECAR + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")
    except urllib.error.HTTPError as failure:
        error = json.loads(failure.read())
        raise ServiceError(**pick(error.get("error", error))) from failure


def pick(error):
    return {"message": error["message"], "code": error.get("code", 500), "kind": error.get("type"),
            "data": error.get("data")}


# --- what the service does: one function an action or event, given the request of the sidecar ---

def price(request, context_id):
    item = request["params"]["item"]
    if item not in PRICES:
        raise ServiceError(f"No {item} in this shop", 404, "NO_SUCH_ITEM", {"item": item})
    return {"item": item, "cents": PRICES[item], "served by": os.environ.get("SHOP", "the shop")}


def receipt(request, context_id):
    """Calls a service of another node, in JavaScript, while it serves a call itself."""
    found = price(request, context_id)
    printed = post("/v1/call/printer.print", {"params": {"text": f"1 {found['item']}: {found['cents']}"}}, context_id)
    post("/v1/emit/till.sold", {"params": found}, context_id)
    return printed["response"]


def on_delivery(request, context_id):
    params = request["params"]
    print(f"event {request['event']} from {request['nodeID']}: {params['count']} x {params['item']}", flush=True)


SCHEMA = {
    "name": "till",
    "settings": {},
    "actions": {
        "price": {"params": {"item": "string"}, "handler": "/price"},
        "receipt": {"params": {"item": "string"}, "handler": "/receipt"},
    },
    "events": {"stock.delivered": "/on-delivery"},
}
HANDLERS = {"/price": price, "/receipt": receipt, "/on-delivery": on_delivery}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        handler = HANDLERS.get(self.path)
        try:
            if handler is None:
                raise ServiceError("No such handler", 404, "NO_HANDLER")
            self.answer(200, {"response": handler(request, self.headers.get("X-Context-ID"))})
        except ServiceError as failure:
            self.answer(failure.error["code"], {"error": failure.error})

    def answer(self, status, body):
        payload = json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    SCHEMA["settings"]["baseUrl"] = f"http://127.0.0.1:{server.server_port}"
    print("registered:", post("/v1/registry/services", SCHEMA)["status"], flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
