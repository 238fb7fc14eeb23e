"""Health, keys, base URLs, and everything that lists or shows tools."""

import json

import arcadepy
import httpx

from harness import EXPECTED, holds, plain, same


def run(drive):
    reach(drive)
    keys(drive)
    listing(drive)
    filters(drive)
    showing(drive)
    formatted(drive)


def reach(drive):
    client, base = drive.client, drive.options.base_url
    with drive.check("health"):
        same(plain(client.health.check())["healthy"], True, "healthy")
    with drive.check("config"):
        timeout = drive.get("/v1/config")["servers"]["timeout_max_seconds"]
        holds(isinstance(timeout, int) and timeout > 0, f"timeout_max_seconds is {timeout!r}")
    with drive.check("base url with a trailing slash"):
        same(drive.new_client(base_url=base.rstrip("/") + "/").tools.get("Echo.Say").name, "Say", "name")
    if drive.options.prefix:
        with drive.check("base url with a path prefix"):
            prefixed = drive.new_client(base_url=base.rstrip("/") + drive.options.prefix + "/")
            same(prefixed.tools.get("Echo.Say").name, "Say", "name")
    with drive.check("unknown path"):
        drive.refused(404, arcadepy.NotFoundError, lambda: drive.get("/v1/no/such/route"))
    with drive.check("raw response"):
        raw = client.tools.with_raw_response.get("Echo.Say")
        same(raw.http_response.status_code, 200, "status")
        holds(raw.headers["content-type"].startswith("application/json"), "content type")
        same(raw.parse().qualified_name, "Echo.Say", "qualified_name")
        if drive.gateway:
            holds(raw.headers.get("x-request-id"), "no x-request-id")


def keys(drive):
    key = drive.options.api_key
    for name, form in (("raw", key), ("Bearer", f"Bearer {key}"), ("bearer in lower case", f"bearer {key}")):
        with drive.check(f"key {name}"):
            same(drive.new_client(api_key=form).tools.get("Echo.Say").name, "Say", "name")
    with drive.check("wrong key"):
        wrong = drive.new_client(api_key="wrong-key")
        drive.refused(401, arcadepy.AuthenticationError, lambda: wrong.tools.list())
        drive.refused(401, arcadepy.AuthenticationError, lambda: wrong.tools.execute(tool_name="Echo.Say", input={"text": "x"}))
    with drive.check("no key"):
        response = httpx.get(drive.options.base_url.rstrip("/") + "/v1/tools")
        same(response.status_code, 401, "status")
        drive.error_body(response.json(), response)
    if drive.gateway:
        with drive.check("the gateway's own errors name their request"):
            url = drive.options.base_url.rstrip("/") + "/v1/tools/execute"
            for sent in ({"authorization": "wrong-key"}, {"authorization": key}):
                response = httpx.post(url, headers={**sent, "content-type": "application/json"}, content=b"{")
                request = response.headers["x-request-id"]
                holds(request in response.text, f"no {request} in {response.text}")


def listing(drive):
    client = drive.client
    with drive.check("tools list"):
        page = client.tools.list(limit=100)
        names = [tool.fully_qualified_name for tool in page.items]
        missing = [name for name in EXPECTED["newest"] if name not in names]
        same(missing, [], "missing")
        same(len(set(names)), len(names), "distinct names")
        holds("Notes.Read@1.0.0" not in names, "an old version is listed")
        if not drive.gateway and not drive.options.calc:
            same(names, EXPECTED["newest"], "names")
    with drive.check("tools list page"):
        page = plain(client.tools.list(limit=3, offset=2))
        same((page["limit"], page["offset"], page["page_count"], len(page["items"])), (3, 2, 3, 3), "limit, offset, page_count, items")
        whole = client.tools.list(limit=100)
        same(page["total_count"], whole.total_count, "total_count")
        same([tool["name"] for tool in page["items"]], [tool.name for tool in whole.items[2:5]], "the same tools as in the whole list")
    with drive.check("tools list default limit"):
        same(plain(client.tools.list())["limit"], 25, "limit")
    with drive.check("tools list beyond the end"):
        page = client.tools.list(offset=10_000)
        same(page.items, [], "items")
    with drive.check("tools list auto-pagination"):
        whole = [tool.fully_qualified_name for tool in client.tools.list(limit=100)]
        same([tool.fully_qualified_name for tool in client.tools.list(limit=3)], whole, "names over pages of three")
    with drive.check("tools list by toolkit"):
        same(sorted(tool.name for tool in client.tools.list(toolkit="mAIL")), ["Search", "Send"], "names")
        same(list(client.tools.list(toolkit="NoSuchToolkit")), [], "names of an unknown toolkit")
    with drive.check("tools list with formats"):
        items = plain(client.tools.list(toolkit="Echo", include_format=["openai", "anthropic"]))["items"]
        same(sorted(items[0]["formatted_schema"]), ["anthropic", "openai"], "formats")
        same(items[0]["formatted_schema"]["openai"], EXPECTED["openai_echo"], "openai")
    with drive.check("tools list wrong limit"):
        drive.refused(400, arcadepy.BadRequestError, lambda: client.tools.list(extra_query={"limit": "many"}))


def filters(drive):
    def names(**query):
        return sorted(tool.qualified_name for tool in drive.client.tools.list(limit=100, extra_query=query))

    with drive.check("tools list all versions"):
        listed = [tool.fully_qualified_name for tool in drive.client.tools.list(toolkit="Notes", extra_query={"include_all_versions": "true"})]
        same(sorted(listed), ["Notes.Read@1.0.0", "Notes.Read@2.0.0"], "versions")
    with drive.check("tools list by filter"):
        email = json.dumps({"read_only": True, "service_domains": {"any_of": ["EMAIL", "calendar"]}, "operations": ["Read"]})
        same(names(filter=email), ["Mail.Search"], "read-only mail tools")
        same(names(filter=json.dumps({"destructive": True})), ["Files.Delete"], "destructive tools")
        same(names(filter=json.dumps({"extras": {"tier": "Gold"}})), ["Docs.Get"], "extras")
        same(names(filter=json.dumps({"extras": {"tier": "gold"}})), [], "extras in another case")
        holds("Clock.Now" not in names(filter=json.dumps({"read_only": False})), "a tool without metadata passes a filter")
    with drive.check("tools list wrong filter"):
        drive.refused(400, arcadepy.BadRequestError, lambda: drive.client.tools.list(extra_query={"filter": "not json"}))


def showing(drive):
    client = drive.client
    with drive.check("tools get"):
        shown = plain(client.tools.get("Docs.Get"))
        same({name: shown.get(name) for name in EXPECTED["docs_get"]}, EXPECTED["docs_get"], "tool")
        holds("formatted_schema" not in shown, "a format was not asked for")
    with drive.check("tools get in any case"):
        same(client.tools.get("dOCS.gET").fully_qualified_name, "Docs.Get@1.2.0", "name")
    with drive.check("tools get a version"):
        same(client.tools.get("Notes.Read@1.0.0").toolkit.version, "1.0.0", "the old one")
        same(client.tools.get("Notes.Read%402.0.0").toolkit.version, "2.0.0", "percent-encoded")
        same(client.tools.get("Notes.Read").toolkit.version, "2.0.0", "the newest")
    with drive.check("tools get with formats"):
        schema = plain(client.tools.get("Echo.Say", include_format=["openai", "anthropic"]))["formatted_schema"]
        same(schema, {"openai": EXPECTED["openai_echo"], "anthropic": EXPECTED["anthropic_echo"]}, "formatted_schema")
    with drive.check("tools get unknown"):
        drive.refused(404, arcadepy.NotFoundError, lambda: client.tools.get("Echo.NoSuchTool"))
    with drive.check("tools get wrong format"):
        drive.refused(400, arcadepy.BadRequestError, lambda: client.tools.get("Echo.Say", extra_query={"include_format": "papyrus"}))


def formatted(drive):
    client = drive.client
    with drive.check("formatted list"):
        page = client.tools.formatted.list(format="openai", toolkit="Echo")
        same(page.items, [EXPECTED["openai_echo"]], "items")
        same((page.total_count, page.offset), (1, 0), "total_count, offset")
    with drive.check("formatted list auto-pagination"):
        names = [tool["name"] for tool in client.tools.formatted.list(format="anthropic", limit=4)]
        same(len(set(names)), len(names), "distinct names")
        missing = [name for name in EXPECTED["newest"] if name.split("@")[0].replace(".", "_") not in names]
        same(missing, [], "missing")
    with drive.check("formatted get"):
        same(client.tools.formatted.get("Echo.Say", format="openai"), EXPECTED["openai_echo"], "openai")
        same(client.tools.formatted.get("Echo.Say", format="anthropic"), EXPECTED["anthropic_echo"], "anthropic")
        same(client.tools.formatted.get("Echo.Say", format="arcade")["qualified_name"], "Echo.Say", "arcade")
    with drive.check("formatted get unknown"):
        drive.refused(404, arcadepy.NotFoundError, lambda: client.tools.formatted.get("No.Such", format="openai"))
