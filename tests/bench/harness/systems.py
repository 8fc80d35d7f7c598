# SPDX-License-Identifier: MIT
"""What is measured: our sidecar, the Node.js one, and nginx as a plain proxy hop."""

import json
import os
import time

from . import policies
from .machine import BenchError, Process, ask, free_port, process_tree, wait_until

NGINX_CONF = """
worker_processes 1;
worker_rlimit_nofile {open_files};
daemon off;
pid nginx.pid;
error_log nginx-error.log error;
events {{ worker_connections {open_files}; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 16m;
    client_body_buffer_size 1m;
    keepalive_timeout 120s;
    keepalive_requests 1000000000;
    upstream app {{
        server 127.0.0.1:{app_port};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /health {{ return 200; }}
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffer_size 16k;
            proxy_buffers 16 16k;
        }}
    }}
}}
"""

PARAMS = {"text": "Grüße \u2028", "list": [1, 2.5, None, True], "nested": {"a": {"b": []}}}


class System:
    """A running system under test. `label` is its name in the results."""

    label = ""
    paths = ()
    single_threaded = True
    """Whether time spent waiting for the processor was lost to others, not to own threads."""

    def __init__(self, rig, transporter=True):
        self.rig = rig
        self.port = free_port()
        self.process = Process(
            f"{self.label}-{self.port}",
            self.argv(),
            rig.work,
            rig.cores.target,
            env={"PATH": os.environ["PATH"], **self.environment(transporter)},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def argv(self):
        raise NotImplementedError

    def environment(self, transporter):
        return {}

    def answers(self, path):
        """Whether a GET of `path` gives 200; a dead process is an error."""
        self.process.check_alive()
        return ask(self.port, "GET", path)[0] == 200

    def seconds_until(self, path):
        """Seconds from exec until GET `path` gives 200."""
        wait_until(lambda: self.answers(path), f"{self.label}: GET {path}", step_s=0.0003)
        return time.monotonic() - self.process.started

    def pids(self):
        return process_tree(self.process.pid)

    def worker_pids(self):
        """The processes that do the work of a call."""
        return self.pids()


class Nginx(System):
    label = "nginx"
    paths = ("hop",)

    def argv(self):
        home = self.rig.work / f"nginx-{self.port}"
        home.mkdir()
        (home / "nginx.conf").write_text(
            NGINX_CONF.format(
                port=self.port, app_port=self.rig.app_port, open_files=self.rig.open_files
            )
        )
        return [self.rig.nginx, "-p", home, "-c", "nginx.conf", "-e", "nginx-error.log"]

    def prepare(self):
        self.seconds_until("/health")

    def worker_pids(self):
        return self.pids()[1:]


class SidecarLike(System):
    """Everything with the sidecar's REST API."""

    paths = ("A", "B", "C", "list", "emit")
    actions = {"echo": "/echo"}

    @property
    def node_id(self):
        return f"{self.label}-sut"

    @property
    def name_space(self):
        return f"bench-{self.label}"

    def environment(self, transporter):
        env = {
            "SIDECAR_PORT": str(self.port),
            "NODEID": self.node_id,
            "NAMESPACE": self.name_space,
            "LOGLEVEL": "error",
        }
        if transporter:
            env["TRANSPORTER"] = self.rig.nats_url
        return env

    def prepare(self):
        """Waits until ready, registers the application's service, and checks each path by hand."""
        self.seconds_until("/ready")
        self.register_service()
        self.check_call("bench.echo")

    def register_service(self):
        schema = {
            "name": "bench",
            "settings": {"baseUrl": f"http://127.0.0.1:{self.rig.app_port}"},
            "actions": self.actions,
            "events": {"bench.event": "/event"},
        }
        status, body = ask(self.port, "POST", "/v1/registry/services", json.dumps(schema))
        if status != 200:
            raise BenchError(f"{self.label}: cannot register a service: {status} {body!r}")

    def check_call(self, action, params=PARAMS, status=200):
        """Waits until the action is known and gives its params back, or answers with that status."""
        body = json.dumps({"params": params, "meta": {"tenant": "bench"}})

        answers = []

        def call():
            answers.append(ask(self.port, "POST", f"/v1/call/{action}", body))
            return answers[-1][0] == status

        try:
            wait_until(call, action)
        except BenchError as error:
            raise BenchError(f"{self.label}: {error}: {answers[-1]}") from None
        if status == 200 and json.loads(answers[-1][1])["response"] != params:
            raise BenchError(f"{self.label}: {action} gave back {answers[-1][1]!r}")


class WithPolicies(SidecarLike):
    """Has an action for each case; comes before the kind of system that it changes."""

    paths = tuple(case.path for case in policies.CASES)
    actions = {case.action: case.definition for case in policies.CASES}

    def environment(self, transporter):
        return {**super().environment(transporter), "CACHER": "Memory"}

    def prepare(self):
        super().prepare()
        item = {"id": 1, "name": "item 1", "price": 1.25, "tags": ["new"], "stock": True}
        self.check_call("bench.checked", {"size": 1, "items": [item], "pad": ""})
        self.check_call("bench.checked", {"size": 1, "items": [item | {"name": "x"}]}, 422)
        self.check_call("bench.broken", status=404)
        for case in policies.CASES:
            if case.answer[0] == "--echo" and case.action != "checked":
                self.check_call(f"bench.{case.action}")


class Sidecar(SidecarLike):
    label = "sidecar"

    def argv(self):
        return [self.rig.sidecar]


class NodeSidecar(SidecarLike):
    label = "node"
    single_threaded = False

    def argv(self):
        return [self.rig.node, self.rig.source / "node-sidecar" / "index.js"]


class PolicySidecar(WithPolicies, Sidecar):
    pass


class PolicyNodeSidecar(WithPolicies, NodeSidecar):
    pass
