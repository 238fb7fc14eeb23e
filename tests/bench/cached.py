"""What the cache does under load: calls by Zipf's law in front of a real Arcade worker, and what a million calls leave in memory."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "bench-worker-secret"
#: As in toolgate.toml.
WORKER_PORT = 18702
CALLS, KEYS, TTL_MS = 30_000, 500, 10_000


class Worker:
    """A real Arcade worker with the toolkits of tests/worker."""

    def __init__(self, python):
        script = os.path.join(HERE, "../worker/serve.py")
        environment = {**os.environ, "ARCADE_WORKER_SECRET": SECRET}
        self.process = subprocess.Popen([python, script, "--port", str(WORKER_PORT), "--with-parent"], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # The port is told once it is bound; a little later it listens.
        self.process.stdout.readline()
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", WORKER_PORT)):
                return
            time.sleep(0.1)
        raise SystemExit("the Arcade worker does not listen")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def token(self):
        encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
        now = int(time.time())
        claims = {"aud": "worker", "ver": "1", "iat": now, "exp": now + 600}
        text = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(json.dumps(claims).encode())
        return (text + b"." + encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest())).decode()

    def version(self):
        connection = http.client.HTTPConnection("127.0.0.1", WORKER_PORT, timeout=10)
        connection.request("GET", "/worker/tools", headers={"authorization": f"Bearer {self.token()}"})
        tools = json.loads(connection.getresponse().read())
        return next(tool["toolkit"]["version"] for tool in tools if tool["name"] == "Times")


def run_zipf(port, target, key, version):
    environment = {**os.environ, "TARGET": target, "AUTH": f"Bearer {key}", "COUNT": str(CALLS), "KEYS": str(KEYS), "S": "1.1",
                   "TTL_MS": str(TTL_MS), "VERSION": version}
    command = ["wrk", "-t1", "-c16", "-d600s", "--timeout", "30s", "-s", os.path.join(HERE, "zipf.lua"), f"http://127.0.0.1:{port}"]
    text = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    result = json.loads(re.search(r"RESULT (.*)", text)[1])
    if result["bad"] or "Socket errors" in text or result["requests"] < CALLS:
        raise SystemExit(f"{target}: {text}")
    return result


def attempts(port, key):
    """Calls that executors were sent, by the gateway's own counter, which isolates flush within seconds."""
    time.sleep(3)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics", headers={"authorization": f"Bearer {key}"})
    text = connection.getresponse().read().decode()
    return sum(map(int, re.findall(r"^toolgate_executor_attempts_total{.*} (\d+)$", text, re.M)))


def zipf(server, worker, key, rounds):
    """The same calls, from cold, through the gateway and directly."""
    print(f"\n### {CALLS:,} calls by Zipf's law (1.1, {KEYS} keys), 16 callers, time to live 10 s, a real Arcade worker behind\n")
    print("| round | directly, s | through the gateway, s | share | calls to the worker | of a perfect cache |\n|---|---|---|---|---|---|")
    version = worker.version()
    # The counter is the deployment's, and has local calls of earlier cases in it.
    server.start()
    before = attempts(server.port, key)
    server.stop()
    for number in range(rounds):
        direct = run_zipf(WORKER_PORT, "worker", worker.token(), version)
        server.start()
        # The isolate is new; the counters of the deployment are not.
        through = run_zipf(server.port, "gateway", key, version)
        total = attempts(server.port, key)
        asked, before = total - before, total
        server.stop()
        share = through["seconds"] / direct["seconds"]
        print(f"| {number + 1} | {direct['seconds']:.1f} | {through['seconds']:.2f} | 1/{1 / share:.1f} | {asked} "
              f"| {through['ideal']} ({asked / through['ideal']:.3f}) |")


LOAD = """local ffi, n, ended = require("ffi"), 0, 0
ffi.cdef [[ int getpid(void); int kill(int pid, int signal); ]]
function init() math.randomseed(1); wrk.headers["content-type"] = "application/json"; wrk.headers["authorization"] = "Bearer %(key)s" end
function request()
  n = n + 1
  return wrk.format("POST", "/v1/tools/execute", nil, string.format(
    '{"tool_name":"Calc.Minus","user_id":"u","input":{"a":"%%d","b":"2"}}', math.random(%(keys)d)))
end
function response()
  ended = ended + 1
  if ended == %(calls)d then ffi.C.kill(ffi.C.getpid(), 2) end
end
"""


def memory_of(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/memory")
    return json.loads(connection.getresponse().read())


def pages(server, key, bound, keys=100_000):
    """The WASM memory of the Worker after very many calls of very many keys, most of which do not fit."""
    print(f"\n### WASM memory of the Worker, {keys:,} keys, `cache.memory` {bound >> 20} MiB\n\n| calls | pages of 64 KiB | MiB | above the first, MiB |\n|---|---|---|---|")
    server.start()
    first, done = None, 0
    for calls in (1_000, 99_000, 400_000, 500_000):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(LOAD % {"key": key, "keys": keys, "calls": calls})
            script.flush()
            command = ["wrk", "-t1", "-c16", "-d600s", "-s", script.name, f"http://127.0.0.1:{server.port}"]
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in text or "Socket errors" in text:
            raise SystemExit(f"{server.name}: {text}")
        done += calls
        memories = memory_of(server.port)
        now = max(memories)
        first = first or now
        print(f"| {done:,} | {now >> 16} | {now / 2**20:.1f} | {(now - first) / 2**20:.1f} |")
    server.stop()
