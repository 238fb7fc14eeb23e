// Workers: registered, shown without their secret, asked how they are, taken away.

import { all, errors, holds, pick, same } from './harness.mjs';

const NOWHERE = 'http://127.0.0.1:9';

export async function run(drive) {
  await crud(drive);
  await refusals(drive);
  if (drive.options['worker-url'] && !drive.gateway) await real(drive);
}

const http = (uri, secret = '0123456789abcdef0123456789abcdef') => ({ uri, secret, retry: 1, timeout: 10 });

async function crud(drive) {
  const { workers } = drive.client;
  const id = `worker-${drive.run}`;
  let created;
  await drive.check('workers create', async () => {
    created = await workers.create({ id, type: 'http', enabled: true, http: http(NOWHERE) });
    const wanted = { id, type: 'http', enabled: true, managed: false };
    same(pick(created, Object.keys(wanted)), wanted, 'worker');
    same([created.http.uri, created.http.retry, created.http.timeout, created.http.secret.exists], [NOWHERE, 1, 10, true], 'http');
    holds(!JSON.stringify(created).includes('0123456789abcdef'), 'the secret is shown');
  });
  await drive.check('workers create twice', () =>
    drive.refused(409, errors.ConflictError, () => workers.create({ id, http: http(NOWHERE) })));
  await drive.check('workers get', async () => same(await workers.get(id), created, 'worker'));
  await drive.check('workers list', async () => {
    same((await all(workers.list({ limit: 1 }))).filter((one) => one.id === id).length, 1, 'times it is listed');
  });
  await drive.check('workers health of one that is down', async () => {
    const health = await workers.health(id);
    same(pick(health, ['id', 'enabled', 'healthy']), { id, enabled: true, healthy: false }, 'health');
    holds(health.message, 'no message');
  });
  await drive.check('workers tools of one that is down', () =>
    drive.refused(500, errors.InternalServerError, () => workers.tools(id)));
  await drive.check('workers update', async () => {
    const updated = await workers.update(id, { enabled: false, http: { timeout: 20 } });
    same([updated.enabled, updated.http.timeout, updated.http.retry], [false, 20, 1], 'enabled, timeout, retry');
    same((await workers.get(id)).enabled, false, 'enabled when asked again');
  });
  await drive.check('workers authorize', async () => {
    same((await drive.client.get(`/v1/workers/${id}/authorize`)).worker_id, id, 'worker_id');
  });
  await drive.check('workers delete', async () => {
    await drive.deleted(workers.delete(id));
    await drive.refused(404, errors.NotFoundError, () => workers.get(id));
    await drive.refused(404, errors.NotFoundError, () => workers.delete(id));
  });
}

async function refusals(drive) {
  const { client } = drive;
  const id = `bad-${drive.run}`;
  await drive.check('workers create without an address', () =>
    drive.refused(400, errors.BadRequestError, () => client.workers.create({ id, type: 'http' })));
  await drive.check('workers create with too many retries', () =>
    drive.refused(400, errors.BadRequestError, () => client.workers.create({ id, http: { ...http(NOWHERE), retry: 11 } })));
  await drive.check('workers test', async () => {
    const answer = await client.post('/v1/workers/test', { body: { type: 'http', http: { uri: NOWHERE } } });
    same(answer.success, false, 'success');
    await drive.refused(400, errors.BadRequestError, () => client.post('/v1/workers/test', { body: {} }));
  });
}

async function real(drive) {
  const { workers } = drive.client;
  const id = `real-${drive.run}`;
  const { 'worker-url': url, 'worker-secret': secret } = drive.options;
  await drive.check('workers create one that is up', async () => {
    same((await workers.create({ id, http: http(url, secret) })).enabled, true, 'enabled');
    same((await workers.health(id)).healthy, true, 'healthy');
    const tested = await drive.client.post('/v1/workers/test', { body: { type: 'http', http: { uri: url } } });
    same(tested.success, true, 'test');
  });
  await drive.check('workers tools of one that is up', async () => {
    const listed = (await all(workers.tools(id, { limit: 4 }))).map((tool) => tool.qualified_name);
    holds(listed.length > 4 && new Set(listed).size > 4, JSON.stringify(listed));
  });
  await drive.check('workers with a wrong secret', async () => {
    await workers.update(id, { http: { secret: 'wrong'.repeat(8) } });
    await drive.refused(500, errors.InternalServerError, () => workers.tools(id));
  });
  await workers.delete(id);
}
