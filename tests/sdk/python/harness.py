"""What every group of checks stands on: one JSON line per check, and comparisons that say what differs."""

import contextlib
import json
import pathlib
import time

import arcadepy
import httpx

EXPECTED = json.loads((pathlib.Path(__file__).parent.parent / "expected.json").read_text())


class Mismatch(Exception):
    """An answer that is not what it has to be."""


def same(actual, expected, what):
    """`actual` equals `expected`, types included: 1, 1.0 and True are three different things."""
    if json.dumps(actual, sort_keys=True) != json.dumps(expected, sort_keys=True):
        raise Mismatch(f"{what}: {actual!r} instead of {expected!r}")


def holds(condition, what):
    """`condition` is true."""
    if not condition:
        raise Mismatch(what)


def plain(model):
    """What was really sent: the members of an SDK model that the answer held."""
    return model.to_dict(mode="json")


class Drive:
    """One run of the driver: where to, as whom, and what came of it so far."""

    def __init__(self, options):
        self.options = options
        self.gateway = options.mode == "gateway"
        self.passed = 0
        self.failed = 0
        self.client = self.new_client()
        self.run = f"py-{time.time_ns():x}"
        self.user = options.user
        self.other_user = options.other_user

    def new_client(self, **changes):
        """A client for the same place that does not retry, so that a check sees the first answer."""
        settings = {"base_url": self.options.base_url, "api_key": self.options.api_key, "max_retries": 0}
        return arcadepy.Arcade(**{**settings, **changes})

    @contextlib.contextmanager
    def check(self, name):
        """Runs the body as one check and prints how it went; a failure does not stop the run."""
        detail = None
        try:
            yield
        except Exception as fault:  # every way to fail is a failed check, none ends the run
            detail = f"{type(fault).__name__}: {fault}"
        ok = detail is None
        self.passed += ok
        self.failed += not ok
        print(json.dumps({"check": name, "ok": ok, "detail": detail}), flush=True)

    def refused(self, status, kind, call):
        """`call` is refused with this status and SDK class; returns the error's body, which has a name and a message."""
        wanted = status if isinstance(status, tuple) else (status,)
        try:
            answer = call()
        except arcadepy.APIStatusError as error:
            holds(error.status_code in wanted, f"status {error.status_code} instead of {status}: {error.body!r}")
            if kind is not None:
                holds(type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}")
            self.error_body(error.body, error.response)
            return error.body
        raise Mismatch(f"it was answered: {answer!r}")

    def error_body(self, body, response):
        """An error as the contract has it; one from the gateway names its request in a header."""
        holds(isinstance(body, dict), f"the error is no object: {body!r}")
        for member in ("name", "message"):
            holds(isinstance(body.get(member), str) and body[member], f"the error has no {member}: {body!r}")
        holds(response.headers.get("content-type", "").startswith("application/json"), "the error is not JSON by its content type")
        if self.gateway:
            holds(response.headers.get("x-request-id"), "the error has no x-request-id")

    def get(self, path):
        """A route that the SDK has no method for."""
        return self.client.get(path, cast_to=object)

    def post(self, path, body):
        """The same, with a body."""
        return self.client.post(path, cast_to=object, body=body)

    def delete(self, path):
        """A delete that the SDK has no method for."""
        self.deleted(self.client.delete(path, cast_to=httpx.Response))

    def deleted(self, raw):
        """A delete as the contract has it: 204 and no body."""
        same(raw.status_code, 204, "status")
        same(raw.read().decode(), "", "body")
