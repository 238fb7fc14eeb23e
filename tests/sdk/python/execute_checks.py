"""Running tools: good answers, tool errors, refusals, versions, counters, scheduled calls."""

import asyncio
import datetime
import time

import arcadepy
import httpx

from harness import holds, plain, same

INPUT = {
    "text": "größer \U0001f600 \u2028", "times": 3, "ratio": 1.0, "loud": False, "mood": "calm", "tags": ["a", ""],
    "data": {"b": [1, "1", None], "a": 9007199254740993},
}


def run(drive):
    good(drive)
    tool_errors(drive)
    refusals(drive)
    counters(drive)
    many(drive)
    scheduled(drive)
    scoped(drive)


def good(drive):
    client = drive.client
    with drive.check("execute"):
        answer = client.tools.execute(tool_name="Echo.Say", input=INPUT, user_id=drive.user)
        same((answer.success, answer.status, answer.execution_type), (True, "success", "immediate"), "success, status, type")
        holds(answer.id and answer.execution_id and answer.finished_at, "id, execution_id or finished_at is missing")
        holds(isinstance(answer.duration, (int, float)) and answer.duration >= 0, f"duration {answer.duration!r}")
        same(answer.output.value["echo"], INPUT, "echo")
        holds(answer.output.error is None and answer.output.authorization is None, "error or authorization beside a value")
    with drive.check("execute headers"):
        raw = client.tools.with_raw_response.execute(tool_name="Echo.Say", input={"text": "headers"}, user_id=drive.user)
        holds(raw.headers["content-type"].startswith("application/json"), "content type")
        if drive.gateway:
            holds(raw.headers.get("x-request-id"), "no x-request-id")
            holds(raw.headers.get("cache-status"), "no Cache-Status")
    with drive.check("execute in every form of the name"):
        for name in ("Echo.Say", "echo.say", "Echo.Say@1.0.0", "Echo_Say"):
            same(client.tools.execute(tool_name=name, input={"text": name}, user_id=drive.user).output.value["echo"], {"text": name}, name)
    with drive.check("execute a version"):
        for version in ("1.0.0", "2.0.0"):
            answer = client.tools.execute(tool_name="Notes.Read", tool_version=version, input={"note": "n"}, user_id=drive.user)
            same(answer.output.value["version"], version, "tool_version")
            answer = client.tools.execute(tool_name=f"Notes.Read@{version}", input={"note": "m"}, user_id=drive.user)
            same(answer.output.value["version"], version, "version in the name")
    if drive.options.calc:
        with drive.check("execute on a real worker"):
            answer = client.tools.execute(tool_name="Calc.Plus", input={"a": "2", "b": "3"}, user_id=drive.user)
            same((answer.success, answer.output.value), (True, "5"), "success, value")
            answer = client.tools.execute(tool_name="Calc.Plus", input={"a": "2"}, user_id=drive.user)
            same((answer.success, answer.output.error.kind), (False, "TOOL_RUNTIME_BAD_INPUT_VALUE"), "success, kind")


def tool_errors(drive):
    client = drive.client
    with drive.check("execute tool error"):
        wanted = {
            "kind": "UPSTREAM_RUNTIME_RATE_LIMIT", "message": "slow down", "can_retry": False, "retry_after_ms": 1500, "status_code": 429,
            "additional_prompt_content": "tell the user to wait",
        }
        answer = client.tools.execute(tool_name="Faulty.Raise", input=wanted, user_id=drive.user)
        same((answer.success, answer.status), (False, "failed"), "success, status")
        error = plain(answer)["output"]["error"]
        same({name: error.get(name) for name in wanted}, wanted, "error")
        same(error.get("developer_message"), "raised by Faulty.Raise", "developer_message")
        holds("stacktrace" not in error, "a stack trace that was not asked for")
    with drive.check("execute tool error with stack trace"):
        given = {"kind": "TOOL_RUNTIME_FATAL"}
        answer = client.tools.execute(tool_name="Faulty.Raise", input=given, include_error_stacktrace=True, user_id=drive.user)
        holds(answer.output.error.stacktrace.startswith("Traceback"), "no stack trace")
    for name, given in (("a missing input", {}), ("a wrong type", {"text": 5}), ("an unknown input", {"text": "x", "zz": 1})):
        with drive.check(f"execute {name}"):
            answer = client.tools.execute(tool_name="Echo.Say", input=given, user_id=drive.user)
            same((answer.success, answer.output.error.kind), (False, "TOOL_RUNTIME_BAD_INPUT_VALUE"), "success, kind")
            same(answer.output.error.can_retry, False, "can_retry")
            holds(("zz" if "zz" in given else "text") in answer.output.error.message, f"the message names no input: {answer.output.error.message}")


def refusals(drive):
    def echo(**changes):
        call = {"tool_name": "Echo.Say", "input": {"text": "x"}, "user_id": drive.user}
        return client.tools.execute(**{**call, **changes})

    client, url = drive.client, drive.options.base_url.rstrip("/") + "/v1/tools/execute"
    key = {"authorization": drive.options.api_key}
    with drive.check("execute unknown tool"):
        drive.refused(404, arcadepy.NotFoundError, lambda: echo(tool_name="Echo.Sayy"))
    with drive.check("execute wrong version"):
        drive.refused((400, 404), None, lambda: echo(tool_version="9.9.9"))
    with drive.check("execute without a tool"):
        drive.refused(400, arcadepy.BadRequestError, lambda: drive.post("/v1/tools/execute", {"input": {}}))
    with drive.check("execute not json"):
        response = httpx.post(url, headers={**key, "content-type": "application/json"}, content=b'{"tool_name": "Echo.Say", ')
        same(response.status_code, 400, "status")
        drive.error_body(response.json(), response)
    with drive.check("execute wrong content type"):
        response = httpx.post(url, headers={**key, "content-type": "text/plain"}, content=b'{"tool_name": "Echo.Say", "input": {"text": "x"}}')
        same(response.status_code, 415, "status")
        drive.error_body(response.json(), response)


def counters(drive):
    def run(tool, given, user):
        raw = drive.client.tools.with_raw_response.execute(tool_name=tool, input=given, user_id=user)
        return raw.parse().output.value, raw.headers.get("cache-status", "")

    with drive.check("execute runs what has effects every time"):
        for tool, given in (("Mail.Send", {"to": "a@example.com"}), ("Files.Delete", {"path": "/x"}), ("Clock.Now", {})):
            (first, _), (second, status) = run(tool, given, drive.user), run(tool, given, drive.user)
            holds(second["call"] > first["call"], f"{tool} ran once for two calls")
            holds("hit" not in status, f"{tool} came from a cache: {status}")
    with drive.check("execute gives each user their own"):
        given = {"document": drive.run}
        for user in (drive.user, drive.other_user, drive.user, drive.other_user):
            value, _ = run("Docs.Get", given, user)
            same((value["who"]["user"], value["input"]), (user, given), "user and input")
    with drive.check("execute says truly whether it was cached"):
        given = {"document": drive.run + "-again"}
        (first, _), (second, status) = run("Docs.Get", given, drive.user), run("Docs.Get", given, drive.user)
        same(second["call"] == first["call"], "hit" in status, f"the same call, where Cache-Status is {status!r}")
    with drive.check("execute once for one idempotency key"):
        call = {"tool_name": "Mail.Send", "input": {"to": "b@example.com"}, "user_id": drive.user}
        answers = [drive.client.tools.execute(**call, extra_headers={"Idempotency-Key": drive.run}) for _ in range(3)]
        same([plain(answer) for answer in answers[1:]], [plain(answers[0])] * 2, "the replays")


def many(drive):
    with drive.check("execute many at once"):
        async def all_at_once():
            options = drive.options
            async with arcadepy.AsyncArcade(base_url=options.base_url, api_key=options.api_key, max_retries=0) as client:
                calls = [client.tools.execute(tool_name="Echo.Say", input={"text": f"{drive.run} {n}"}, user_id=drive.user) for n in range(40)]
                return await asyncio.gather(*calls)

        echoed = [answer.output.value["echo"]["text"] for answer in asyncio.run(all_at_once())]
        same(echoed, [f"{drive.run} {n}" for n in range(40)], "each its own answer")


def scheduled(drive):
    client = drive.client
    with drive.check("execute later"):
        answer = client.tools.execute(tool_name="Echo.Say", input={"text": "later"}, user_id=drive.user, run_at="2035-01-01T00:00:00")
        same((answer.success, answer.status, answer.execution_type), (True, "pending", "scheduled"), "success, status, type")
        same(answer.run_at, "2035-01-01T00:00:00", "run_at")
        shown = client.tools.scheduled.get(answer.execution_id)
        wanted = {"id": answer.execution_id, "execution_status": "pending", "tool_name": "Say", "toolkit_name": "Echo"}
        same({member: plain(shown)[member] for member in wanted}, wanted, "scheduled get")
        same((shown.input, shown.attempts), ({"text": "later"}, []), "input, attempts")
        holds(answer.execution_id in [kept.id for kept in client.tools.scheduled.list(limit=2)], "it is not listed")
    with drive.check("execute soon"):
        run_at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
        answer = client.tools.execute(tool_name="Echo.Say", input={"text": "soon"}, user_id=drive.user, run_at=run_at)
        until = time.monotonic() + 10
        while (shown := client.tools.scheduled.get(answer.execution_id)).execution_status == "pending" and time.monotonic() < until:
            time.sleep(0.05)
        same(shown.execution_status, "success", "execution_status")
        same((len(shown.attempts), shown.attempts[0].success), (1, True), "attempts, success")
        same(shown.attempts[0].output.value["echo"], {"text": "soon"}, "echo")
    with drive.check("execute at a wrong time"):
        call = {"tool_name": "Echo.Say", "input": {"text": "x"}, "user_id": drive.user, "run_at": "soon"}
        drive.refused(400, arcadepy.BadRequestError, lambda: client.tools.execute(**call))
    with drive.check("scheduled unknown"):
        drive.refused(404, arcadepy.NotFoundError, lambda: client.tools.scheduled.get("te_none"))


def scoped(drive):
    at = "/v1/orgs/acme/projects/web"
    with drive.check("org paths list and get"):
        names = [tool["fully_qualified_name"] for tool in drive.get(f"{at}/tools?limit=100")["items"]]
        holds("Echo.Say@1.0.0" in names, "Echo.Say is not listed")
        same(drive.get(f"{at}/tools/Docs.Get")["qualified_name"], "Docs.Get", "name")
    with drive.check("org paths execute"):
        body = {"tool_name": "Docs.Get", "input": {"document": drive.run}, "user_id": drive.user}
        value = drive.post(f"{at}/tools/execute", body)["output"]["value"]
        same(value["input"], {"document": drive.run}, "input")
        same(value["who"]["user"], drive.user, "user")
        same(value["who"]["project"], "acme/web", "project")
        plainly = drive.post("/v1/tools/execute", body)["output"]["value"]
        same(plainly["who"]["project"], "", "the project of the plain path")
