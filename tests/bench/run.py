#!/usr/bin/env python3
"""Measures Toolgate against hello-worlds on the same hosts, and its miss path against the executor itself.

`cargo toolgate bench` builds what it needs and starts it; docs/benchmarks.md explains the figures. Everything listens on
127.0.0.1 and ends with this program. Rounds are interleaved; figures are medians of the rounds, ratios are taken round by
round.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import cached

KEY = "tg_dev_0123456789abcdef0123456789abcdef"
KEPT = json.dumps({"tool_name": "Calc.Arrangements", "user_id": "u", "input": {"a": "450"}})
LOCAL = json.dumps({"tool_name": "Calc.Plus", "user_id": "u", "input": {"a": "1.5", "b": "2.25"}})
HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")

CAPNP = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main), (name = "kv", worker = .kv), (name = "cache", worker = .cache), (name = "disk", disk = (path = "%(disk)s", writable = true)),
    (name = "internet", network = (allow = ["public", "private", "local"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:%(port)d", http = (), service = "main") ],
);
const kv :Workerd.Worker = ( modules = [ (name = "kv.js", esModule = embed "kv.js") ], compatibilityDate = "2026-11-17" );
const cache :Workerd.Worker = ( modules = [ (name = "cache.js", esModule = embed "cache.js") ], compatibilityDate = "2026-11-17" );
const main :Workerd.Worker = (
  modules = [ %(modules)s ], compatibilityDate = "2026-11-17", cacheApiOutbound = "cache", %(bindings)s
);
"""
# An empty store that forgets: bare workerd has none.
KV = """export default { async fetch(request) {
  if (request.method === "GET") return new Response("", { status: 404 });
  await request.arrayBuffer();
  return new Response("");
} };"""
# A data centre's cache that forgets: bare workerd has none, and fails.
CACHE = """export default { async fetch(request) {
  if (request.method === "GET") return new Response("", { status: 504, headers: { "cf-cache-status": "MISS" } });
  await request.arrayBuffer();
  return new Response(null, { status: 204 });
} };"""
BINDINGS = """
  durableObjectNamespaces = [ (className = "Durable", uniqueKey = "toolgate", enableSql = true) ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [ (name = "TOOLGATE_DURABLE", durableObjectNamespace = "Durable"), (name = "TOOLGATE_KV", kvNamespace = "kv"),
    (name = "TOOLGATE_DEV_KEY", text = "%s"), (name = "ARCADE_API_KEY", text = "bench"), (name = "ARCADE_BASE_URL", text = "%s"),
    (name = "ARCADE_WORKER_SECRET", text = "%s") ],"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that serves a port, and what it costs."""

    def __init__(self, name, command, port, **options):
        self.name, self.command, self.port, self.options, self.process = name, command, port, options, None

    def start(self, body=None):
        """Starts it and returns the seconds until its first answer: to a probe, or to this call of a tool."""
        began = time.perf_counter()
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.options)
        while time.perf_counter() - began < 60:
            try:
                if first(self.port, body) < 400:
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.001)
        raise SystemExit(f"{self.name} does not answer")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def first(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        if body:
            return post(connection, body, f"Bearer {KEY}")[0].status
        connection.request("GET", "/health/live")
        return connection.getresponse().status
    finally:
        connection.close()


def post(connection, body, key, headers=()):
    connection.request("POST", "/v1/tools/execute", body, {"content-type": "application/json", "authorization": key, **dict(headers)})
    response = connection.getresponse()
    return response, response.read()


def workerd(arguments, name, directory, modules, bindings=""):
    port, home = free_port(), tempfile.mkdtemp(prefix=f"bench-{name}-")
    for module in modules:
        shutil.copy(os.path.join(directory if os.path.exists(os.path.join(directory, module)) else HERE, module), home)
    with open(os.path.join(home, "kv.js"), "w") as file:
        file.write(KV)
    with open(os.path.join(home, "cache.js"), "w") as file:
        file.write(CACHE)
    os.mkdir(os.path.join(home, "disk"))
    kind = lambda module: "wasm" if module.endswith(".wasm") else "esModule"
    listed = ", ".join(f'(name = "{module}", {kind(module)} = embed "{module}")' for module in modules)
    config = os.path.join(home, "config.capnp")
    with open(config, "w") as file:
        file.write(CAPNP % {"disk": os.path.join(home, "disk"), "port": port, "modules": listed, "bindings": bindings})
    return Server(name, [arguments.workerd, "serve", "--experimental", config], port)


def wrk(server, seconds, body=None):
    """Requests per second and microseconds of CPU for each; every answer must be a success."""
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s"]
    if body:
        script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        script.write(f"wrk.method='POST'\nwrk.body=[==[{body}]==]\nwrk.headers['content-type']='application/json'\n")
        script.write(f"wrk.headers['authorization']='Bearer {KEY}'\n")
        script.flush()
        command += ["-s", script.name]
    before = server.cpu()
    text = subprocess.run([*command, f"http://127.0.0.1:{server.port}/v1/tools/execute"], capture_output=True, text=True, check=True).stdout
    used = server.cpu() - before
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"{server.name}: {text}")
    requests = int(re.search(r"(\d+) requests in", text)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), used / requests * 1e6


def compare(title, cases, rounds, seconds):
    """Interleaved rounds; the first case is what the others are measured against."""
    for server, body in cases.values():
        wrk(server, 1, body)
    seen = {name: [] for name in cases}
    for turn in range(rounds):
        order = list(cases) if turn % 2 == 0 else list(cases)[::-1]
        for name in order:
            seen[name].append(wrk(cases[name][0], seconds, cases[name][1]))
    base = seen[next(iter(cases))]
    print(f"\n### {title}\n\n| case | requests/s | share of the first | CPU us/request | CPU ratio |\n|---|---|---|---|---|")
    for name, figures in seen.items():
        rate = statistics.median(x[0] for x in figures)
        share = statistics.median(x[0] / y[0] for x, y in zip(figures, base))
        cpu = statistics.median(x[1] for x in figures)
        ratio = statistics.median(x[1] / y[1] for x, y in zip(figures, base))
        print(f"| {name} | {rate:,.0f} | {share:.2f} | {cpu:.0f} | {ratio:.2f} |")


def latency(title, pairs, engine_key, calls=400):
    """p50 of one caller at a time, direct and through the gateway, call by call in turn; every call is a new one."""
    print(f"\n### {title}\n\n| case | p50 ms | added p50 ms |\n|---|---|---|")
    connections = {name: http.client.HTTPConnection("127.0.0.1", port, timeout=10) for name, port in pairs.items()}
    seen = {name: [] for name in pairs}
    for number in range(calls + 50):
        for name, connection in connections.items():
            body = json.dumps({"tool_name": "Echo.Say", "user_id": "u", "input": {"text": f"{name} {number} {time.time_ns()}"}})
            began = time.perf_counter()
            response, answer = post(connection, body, engine_key if name == "engine, direct" else KEY)
            took = (time.perf_counter() - began) * 1e3
            if response.status != 200 or b'"success":true' not in answer.replace(b" ", b""):
                raise SystemExit(f"{name}: {response.status} {answer[:300]}")
            if number >= 50:
                seen[name].append(took)
    base = statistics.median(seen["engine, direct"])
    for name, figures in seen.items():
        print(f"| {name} | {statistics.median(figures):.2f} | {statistics.median(figures) - base:.2f} |")


def cold(title, cases, rounds):
    """Each case starts its server anew: what it is called, and the call of a tool that is its first request, if it is one."""
    print(f"\n### {title}\n\n| case | ms to the first answer | ratio to Rust hello |\n|---|---|---|")
    seen = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (server, body) in cases.items():
            seen[name].append(server.start(body) * 1e3)
            server.stop()
    base = seen["Rust hello"]
    for name, figures in seen.items():
        ratio = statistics.median(x / y for x, y in zip(figures, base))
        print(f"| {name} | {statistics.median(figures):.0f} | {ratio:.2f} |")


def spin(arguments, name, manifest, **variables):
    port = free_port()
    state = tempfile.mkdtemp(prefix="bench-spin-")
    command = [arguments.spin_host, "--from", manifest, "--listen", f"127.0.0.1:{port}", "--state-dir", state, "--quit-after", "600"]
    for variable, value in variables.items():
        command += ["--variable", f"{variable}={value}"]
    return Server(name, command, port)


def against_hello(arguments, servers, engine_url):
    plain, exchange, rust, gate, spin_hello, spin_gate = servers
    for server in servers:
        server.start()
    compare("workerd, wrk -t1 -c32", {
        "JS hello": (plain, None), "Rust hello": (rust, None), "JS, the same exchange": (exchange, KEPT),
        "cached execute, 1 KB": (gate, KEPT), "local tool": (gate, LOCAL),
    }, arguments.rounds, arguments.seconds)
    compare("Spin host, wrk -t1 -c32", {
        "spin-sdk hello": (spin_hello, None), "cached execute, 1 KB": (spin_gate, KEPT), "local tool": (spin_gate, LOCAL),
    }, arguments.rounds, arguments.seconds)
    port = int(engine_url.rsplit(":", 1)[1])
    latency("Miss path, one caller", {"engine, direct": port, "through workerd": gate.port, "through the Spin host": spin_gate.port}, "bench")


def main():
    parser = argparse.ArgumentParser()
    for name in ("workerd", "spin-host", "engine", "worker", "hello", "spin", "spin-hello", "python"):
        parser.add_argument(f"--{name}", required=True)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--cache", action="store_true", help="what the cache does under load, and nothing else")
    only.add_argument("--cold", action="store_true", help="cold starts, and nothing else")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    arguments = parser.parse_args()
    engine = subprocess.Popen([arguments.engine, "--listen", "127.0.0.1:0", "--api-key", "bench", "--quit-after", "900"], stdout=subprocess.PIPE, text=True)
    engine_url = re.search(r"http://\S+", engine.stdout.readline())[0]
    bindings = BINDINGS % (KEY, engine_url, cached.SECRET)
    plain = workerd(arguments, "JS hello", os.path.join(HERE, "hello"), ["plain.js"])
    exchange = workerd(arguments, "JS exchange", os.path.join(HERE, "hello"), ["exchange.js"])
    rust = workerd(arguments, "Rust hello", arguments.hello, ["entry.js", "toolgate.js", "toolgate_bg.wasm"])
    gate = workerd(arguments, "Toolgate", arguments.worker, ["index.js", "toolgate_bg.wasm"], bindings)
    spin_hello = spin(arguments, "spin-sdk hello", arguments.spin_hello)
    spin_gate = spin(arguments, "Toolgate on the Spin host", arguments.spin, toolgate_dev_key=KEY, arcade_api_key="bench", arcade_base_url=engine_url)
    watched = workerd(arguments, "Toolgate, watched", arguments.worker, ["memory.js", "instances.js", "index.js", "toolgate_bg.wasm"], bindings)
    servers = [plain, exchange, rust, gate, spin_hello, spin_gate]
    worker = cached.Worker(arguments.python)
    try:
        print(f"load average before: {os.getloadavg()[0]:.1f}")
        if not arguments.cache:
            cold("Cold start on workerd", {
                "JS hello": (plain, None), "Rust hello": (rust, None), "Toolgate, a probe": (gate, None), "Toolgate, a tool call": (gate, LOCAL),
            }, arguments.rounds)
        if arguments.cold:
            return
        if not arguments.cache:
            against_hello(arguments, servers, engine_url)
            for server in servers:
                server.stop()
        cached.zipf(gate, worker, KEY, arguments.rounds)
        cached.pages(watched, KEY, 16 << 20)
    finally:
        for server in [*servers, watched]:
            server.stop()
        worker.stop()
        engine.terminate()


main()
