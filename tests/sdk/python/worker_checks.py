"""Workers: registered, shown without their secret, asked how they are, taken away."""

import arcadepy

from harness import holds, plain, same

NOWHERE = "http://127.0.0.1:9"


def run(drive):
    crud(drive)
    refusals(drive)
    if drive.options.worker_url and not drive.gateway:
        real(drive)


def http(uri, secret="0123456789abcdef0123456789abcdef"):
    return {"uri": uri, "secret": secret, "retry": 1, "timeout": 10}


def crud(drive):
    workers, worker = drive.client.workers, f"worker-{drive.run}"
    with drive.check("workers create"):
        created = workers.create(id=worker, type="http", enabled=True, http=http(NOWHERE))
        same((created.id, created.type, created.enabled, created.managed), (worker, "http", True, False), "id, type, enabled, managed")
        same((created.http.uri, created.http.retry, created.http.timeout, created.http.secret.exists), (NOWHERE, 1, 10, True), "http")
        holds("0123456789abcdef" not in str(plain(created)), "the secret is shown")
    with drive.check("workers create twice"):
        drive.refused(409, arcadepy.ConflictError, lambda: workers.create(id=worker, http=http(NOWHERE)))
    with drive.check("workers get"):
        same(plain(workers.get(worker)), plain(created), "worker")
    with drive.check("workers list"):
        same([one.id for one in workers.list(limit=1)].count(worker), 1, "times it is listed")
    with drive.check("workers health of one that is down"):
        health = workers.health(worker)
        same((health.id, health.enabled, health.healthy), (worker, True, False), "id, enabled, healthy")
        holds(health.message, "no message")
    with drive.check("workers tools of one that is down"):
        drive.refused(500, arcadepy.InternalServerError, lambda: workers.tools(worker))
    with drive.check("workers update"):
        updated = workers.update(worker, enabled=False, http={"timeout": 20})
        same((updated.enabled, updated.http.timeout, updated.http.retry), (False, 20, 1), "enabled, timeout, retry")
        same(workers.get(worker).enabled, False, "enabled when asked again")
    with drive.check("workers authorize"):
        same(drive.get(f"/v1/workers/{worker}/authorize")["worker_id"], worker, "worker_id")
    with drive.check("workers delete"):
        drive.deleted(workers.with_raw_response.delete(worker).http_response)
        drive.refused(404, arcadepy.NotFoundError, lambda: workers.get(worker))
        drive.refused(404, arcadepy.NotFoundError, lambda: workers.delete(worker))


def refusals(drive):
    workers = drive.client.workers
    with drive.check("workers create without an address"):
        drive.refused(400, arcadepy.BadRequestError, lambda: workers.create(id=f"bad-{drive.run}", type="http"))
    with drive.check("workers create with too many retries"):
        drive.refused(400, arcadepy.BadRequestError, lambda: workers.create(id=f"bad-{drive.run}", http={**http(NOWHERE), "retry": 11}))
    with drive.check("workers test"):
        answer = drive.post("/v1/workers/test", {"type": "http", "http": {"uri": NOWHERE}})
        same(answer["success"], False, "success")
        drive.refused(400, arcadepy.BadRequestError, lambda: drive.post("/v1/workers/test", {}))


def real(drive):
    workers, worker = drive.client.workers, f"real-{drive.run}"
    url, secret = drive.options.worker_url, drive.options.worker_secret
    with drive.check("workers create one that is up"):
        same(workers.create(id=worker, http=http(url, secret)).enabled, True, "enabled")
        same(workers.health(worker).healthy, True, "healthy")
        same(drive.post("/v1/workers/test", {"type": "http", "http": {"uri": url}})["success"], True, "test")
    with drive.check("workers tools of one that is up"):
        tools = [tool.qualified_name for tool in workers.tools(worker, limit=4)]
        holds(len(tools) > 4 and len(set(tools)) > 4, f"{tools!r}")
    with drive.check("workers with a wrong secret"):
        workers.update(worker, http={"secret": "wrong" * 8})
        drive.refused(500, arcadepy.InternalServerError, lambda: workers.tools(worker))
    workers.delete(worker)
