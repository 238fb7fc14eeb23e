"""Secrets, auth providers, settings, plugins, hooks and MCP gateways."""

import arcadepy

from harness import holds, plain, same


def run(drive):
    secrets(drive)
    providers(drive)
    settings(drive)
    collection(drive, "plugins", {"name": f"plugin-{drive.run}", "retry": {"enabled": True, "max_attempts": 3}}, {"retry": {"max_attempts": 5}}, True)
    collection(drive, "hooks", {"hook_point": "tool.pre", "enabled": True}, {"enabled": False}, False)
    gateway = {"name": "Team Gate", "slug": f"gate-{drive.run}", "auth_type": "arcade_header"}
    collection(drive, "orgs/acme/projects/web/gateways", gateway, {"description": "for the team"}, True)
    bulk(drive)


def secrets(drive):
    admin, key = drive.client.admin, f"KEY_{drive.run}"
    with drive.check("secrets create"):
        created = drive.post(f"/v1/admin/secrets/{key}", {"value": "hunter2", "description": "for a test"})
        same((created["key"], created["description"]), (key, "for a test"), "key, description")
        holds("hunter2" not in str(created), "the value is shown")
    with drive.check("secrets list"):
        listed = admin.secrets.list()
        same([secret.id for secret in listed.items if secret.key == key], [created["id"]], "id")
        holds("hunter2" not in str(plain(listed)), "the value is shown")
        same(listed.total_count >= 1 and listed.offset == 0, True, "total_count, offset")
    with drive.check("secrets create too long"):
        drive.refused(400, arcadepy.BadRequestError, lambda: drive.post(f"/v1/admin/secrets/{key}", {"value": "x" * 5001}))
    with drive.check("secrets delete"):
        drive.deleted(admin.secrets.with_raw_response.delete(created["id"]).http_response)
        drive.refused(404, arcadepy.NotFoundError, lambda: admin.secrets.delete(created["id"]))
    if not drive.gateway:
        with drive.check("secrets a tool needs"):
            peek = lambda: drive.client.tools.execute(tool_name="Vault.Peek", user_id=drive.user)
            same(peek().output.error.kind, "TOOL_REQUIREMENTS_NOT_MET", "kind")
            needs = plain(drive.client.tools.get("Vault.Peek"))["requirements"]["secrets"]
            same((needs[0]["key"], needs[0]["met"]), ("VAULT_TOKEN", False), "key, met")
            token = drive.post("/v1/admin/secrets/VAULT_TOKEN", {"value": "v"})
            same(peek().success, True, "success")
            same(plain(drive.client.tools.get("Vault.Peek"))["requirements"]["met"], True, "met")
            admin.secrets.delete(token["id"])


def providers(drive):
    admin, provider = drive.client.admin.auth_providers, f"provider-{drive.run}"
    oauth2 = {"client_id": "client", "client_secret": "hunter2", "scope_delimiter": " ", "authorize_request": {"endpoint": "https://p.example/auth"}}
    with drive.check("auth providers create"):
        created = admin.create(id=provider, description="a provider", oauth2=oauth2)
        same((created.id, created.type, created.description, created.oauth2.client_id), (provider, "oauth2", "a provider", "client"), "members")
        same(created.oauth2.client_secret.exists, True, "client_secret.exists")
        same(created.oauth2.authorize_request.endpoint, "https://p.example/auth", "endpoint")
        holds("hunter2" not in str(plain(created)), "the secret is shown")
    with drive.check("auth providers create twice"):
        drive.refused(409, arcadepy.ConflictError, lambda: admin.create(id=provider))
    with drive.check("auth providers get and list"):
        same(plain(admin.get(provider)), plain(created), "provider")
        same([one.id for one in admin.list().items].count(provider), 1, "times it is listed")
    with drive.check("auth providers patch"):
        patched = admin.patch(provider, description="changed", oauth2={"scope_delimiter": ","})
        same((patched.description, patched.oauth2.scope_delimiter, patched.oauth2.client_id), ("changed", ",", "client"), "members")
    with drive.check("auth providers delete"):
        raw = admin.with_raw_response.delete(provider)
        same((raw.http_response.status_code, raw.parse().id), (200, provider), "status, id")
        drive.refused(404, arcadepy.NotFoundError, lambda: admin.get(provider))


def settings(drive):
    path = "/v1/admin/settings/session_verification"
    with drive.check("session verification"):
        before = drive.get(path)
        url = f"https://app.example/{drive.run}"
        changed = drive.client.put(path, cast_to=object, body={"verifier_url": url, "unsafe_skip_verification": False})
        same((changed["verifier_url"], changed["unsafe_skip_verification"]), (url, False), "answer")
        same(drive.get(path), changed, "when asked again")
        drive.client.put(path, cast_to=object, body=before)


def collection(drive, path, body, change, unique):
    name, at = path.split("/")[-1], f"/v1/{path}"
    with drive.check(f"{name} create"):
        created = drive.post(at, body)
        same({member: created.get(member) for member in body}, body, "members")
        holds(created["id"], "no id")
    with drive.check(f"{name} get and list"):
        same(drive.get(f"{at}/{created['id']}"), created, "when asked for")
        page = drive.get(f"{at}?limit=100")
        same([one["id"] for one in page["items"]].count(created["id"]), 1, "times it is listed")
    if unique:
        with drive.check(f"{name} create twice"):
            drive.refused(409, arcadepy.ConflictError, lambda: drive.post(at, body))
    with drive.check(f"{name} patch"):
        patched = drive.client.patch(f"{at}/{created['id']}", cast_to=object, body=change)
        merged = {member: {**created[member], **change[member]} if isinstance(change[member], dict) else change[member] for member in change}
        same({member: patched[member] for member in change}, merged, "what changed")
    with drive.check(f"{name} delete"):
        drive.delete(f"{at}/{created['id']}")
        drive.refused(404, arcadepy.NotFoundError, lambda: drive.get(f"{at}/{created['id']}"))


def bulk(drive):
    with drive.check("hooks bulk"):
        ids = [drive.post("/v1/hooks", {"hook_point": "tool.post", "enabled": True})["id"] for _ in range(2)]
        changed = drive.client.patch("/v1/hooks/bulk", cast_to=object, body={"ids": ids, "enabled": False})
        same([(hook["id"], hook["enabled"]) for hook in changed["items"]], [(one, False) for one in ids], "hooks")
        for one in ids:
            drive.delete(f"/v1/hooks/{one}")
    with drive.check("gateways slug"):
        slug = drive.post("/v1/orgs/acme/projects/web/gateways/slug", {"name": f"Free {drive.run}"})["slug"]
        same(slug, f"free-{drive.run}", "slug")
