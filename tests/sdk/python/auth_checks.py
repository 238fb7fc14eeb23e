"""A user's consent: asked for, waited for, refused, confirmed."""

import time
import urllib.parse

import arcadepy

from harness import holds, plain, same

PROVIDER = "stand-in-mail"


def run(drive):
    with drive.check("user connections taken back"):
        for kept in list(drive.client.admin.user_connections.list(user={"id": drive.user})):
            drive.deleted(drive.client.admin.user_connections.with_raw_response.delete(kept.id).http_response)
        same(list(drive.client.admin.user_connections.list(user={"id": drive.user})), [], "connections")
    consent(drive)
    start(drive)
    confirm(drive)
    requirements(drive)


def search(drive):
    return drive.client.tools.execute(tool_name="Mail.Search", input={"query": "q"}, user_id=drive.user)


def consent(drive):
    client = drive.client
    with drive.check("tools get says what a user still needs"):
        needs = plain(client.tools.get("Mail.Search", user_id=drive.user))["requirements"]
        same((needs["met"], needs["authorization"]["token_status"]), (False, "not_started"), "met, token_status")
        same(needs["authorization"]["oauth2"], {"scopes": ["mail.read"]}, "scopes")
        without = plain(client.tools.get("Mail.Search"))["requirements"]["authorization"]
        holds("token_status" not in without, "a token status without a user")
    with drive.check("execute without consent"):
        try:
            answer = search(drive)
            same((answer.success, answer.output.authorization.status), (False, "pending"), "success, status")
            holds(answer.output.authorization.url, "no url")
            holds(answer.output.value is None, "a value without consent")
        except arcadepy.PermissionDeniedError as error:
            drive.error_body(error.body, error.response)
    with drive.check("tools authorize and wait"):
        begun = client.tools.authorize(tool_name="Mail.Search", user_id=drive.user)
        holds(begun.id and begun.url, "no id or url")
        same((begun.user_id, begun.provider_id, begun.scopes), (drive.user, PROVIDER, ["mail.read"]), "user, provider, scopes")
        done = client.auth.wait_for_completion(begun)
        same((done.status, done.id), ("completed", begun.id), "status, id")
        same(done.context.token, f"stand-in-token/{PROVIDER}/{drive.user}", "token")
        same(client.auth.wait_for_completion(begun.id).status, "completed", "waiting by id")
    with drive.check("tools get after consent"):
        needs = plain(client.tools.get("Mail.Search", user_id=drive.user))["requirements"]
        same((needs["met"], needs["authorization"]["token_status"]), (True, "completed"), "met, token_status")
    with drive.check("execute after consent"):
        answer = search(drive)
        same((answer.success, answer.output.value["who"]["user"]), (True, drive.user), "success, user")
    with drive.check("tools authorize without a requirement"):
        same(client.tools.authorize(tool_name="Echo.Say", user_id=drive.user).status, "completed", "status")
    with drive.check("tools authorize unknown tool"):
        drive.refused(404, arcadepy.NotFoundError, lambda: client.tools.authorize(tool_name="No.Such", user_id=drive.user))
    with drive.check("tools authorize without a user"):
        drive.refused(400, arcadepy.BadRequestError, lambda: client.tools.authorize(tool_name="Mail.Search"))
    with drive.check("user connections"):
        kept = list(client.admin.user_connections.list(user={"id": drive.user}, provider={"id": PROVIDER}))
        same([(one.user_id, one.provider_id, one.scopes) for one in kept], [(drive.user, PROVIDER, ["mail.read"])], "connections")
    with drive.check("user connections delete"):
        drive.deleted(client.admin.user_connections.with_raw_response.delete(kept[0].id).http_response)
        same(list(client.admin.user_connections.list(user={"id": drive.user}, provider={"id": PROVIDER})), [], "connections")
        drive.refused(404, arcadepy.NotFoundError, lambda: client.admin.user_connections.delete(kept[0].id))


def start(drive):
    client = drive.client
    with drive.check("auth start and wait"):
        begun = client.auth.start(drive.user, "calendar", scopes=["a", drive.run])
        same((begun.status, begun.provider_id, begun.scopes), ("pending", "calendar", ["a", drive.run]), "status, provider, scopes")
        done = client.auth.wait_for_completion(begun)
        same((done.status, done.context.token), ("completed", f"stand-in-token/calendar/{drive.user}"), "status, token")
    with drive.check("auth authorize"):
        requirement = {"provider_id": "calendar", "provider_type": "oauth2", "oauth2": {"scopes": ["b", drive.run]}}
        same(client.auth.authorize(auth_requirement=requirement, user_id=drive.user).status, "pending", "status")
    with drive.check("auth status waits"):
        begun = client.auth.start(drive.user, "stays-pending", scopes=[drive.run])
        before = time.monotonic()
        same(client.auth.status(id=begun.id).status, "pending", "at once")
        at_once = time.monotonic() - before
        same(client.auth.status(id=begun.id, wait=1).status, "pending", "after a second")
        waited = time.monotonic() - before - at_once
        holds(at_once < 0.8, f"without wait it took {at_once:.3f} s")
        holds(0.9 <= waited < 5, f"with wait=1 it took {waited:.3f} s")
    with drive.check("auth status failed"):
        begun = client.auth.start(drive.user, "refuses", scopes=[drive.run])
        before = time.monotonic()
        done = client.auth.status(id=begun.id, wait=30)
        # A long poll may be clipped: who is told to wait on asks again.
        while done.status == "pending" and time.monotonic() - before < 10:
            done = client.auth.status(id=begun.id, wait=30)
        same(done.status, "failed", "status")
        holds(done.context is None or done.context.token is None, "a token from a refused consent")
        holds(time.monotonic() - before < 10, "it was waited for in vain")
    with drive.check("auth status unknown"):
        drive.refused((400, 403, 404) if drive.gateway else 400, None, lambda: client.auth.status(id="ac_none"))
    with drive.check("auth status without an id"):
        drive.refused(400, arcadepy.BadRequestError, lambda: drive.get("/v1/auth/status"))


def confirm(drive):
    client = drive.client
    with drive.check("auth confirm user"):
        requirement = {"provider_id": "stays-pending", "oauth2": {"scopes": ["c", drive.run]}}
        begun = client.auth.authorize(auth_requirement=requirement, user_id=drive.user, next_uri="https://app.example/done")
        flow = urllib.parse.parse_qs(urllib.parse.urlsplit(begun.url).query)["flow_id"][0]
        confirmed = client.auth.confirm_user(flow_id=flow, user_id=drive.user)
        same((confirmed.auth_id, confirmed.next_uri), (begun.id, "https://app.example/done"), "auth_id, next_uri")
    with drive.check("auth confirm another user"):
        drive.refused((400, 403) if drive.gateway else 400, None, lambda: client.auth.confirm_user(flow_id=flow, user_id=drive.other_user))
    with drive.check("auth confirm unknown flow"):
        drive.refused(404, arcadepy.NotFoundError, lambda: client.auth.confirm_user(flow_id="flow_none", user_id=drive.user))
    with drive.check("auth validate custom verifier"):
        answer = drive.post("/v1/auth/validate_custom_verifier", {"user_id": drive.user, "verifier_url": "https://app.example/verify"})
        holds(answer["flow_id"] and answer["next_uri"].startswith("https://app.example/verify"), f"{answer!r}")


def requirements(drive):
    with drive.check("tools requirements"):
        body = {"user_id": drive.user, "tools": [{"tool_name": "Mail.Search"}, {"tool_name": "Echo.Say"}], "tool_names": ["Notes.Read"]}
        answer = drive.post("/v1/tools/requirements", body)
        same((answer["met"], answer["authorization"]["met"], answer["secrets"]["met"]), (False, False, True), "met")
        item = answer["authorization"]["items"][PROVIDER]
        same((item["met"], item["token_status"], item["tool_names"]), (False, "not_started", ["Mail.Search"]), "met, token_status, tool_names")
        holds("url" not in item, "a url that was not asked for")
        begun = drive.post("/v1/tools/requirements", {**body, "authorize": True})["authorization"]["items"][PROVIDER]
        holds(begun["url"], "no url")
        same(drive.client.auth.wait_for_completion(begun["authorization_id"]).status, "completed", "status")
        same(drive.post("/v1/tools/requirements", body)["met"], True, "met after consent")
    with drive.check("tools requirements of an unknown tool"):
        drive.refused(404, arcadepy.NotFoundError, lambda: drive.post("/v1/tools/requirements", {"user_id": drive.user, "tool_names": ["No.Such"]}))
