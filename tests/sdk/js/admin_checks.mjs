// Secrets, auth providers, settings, plugins, hooks and MCP gateways.

import { errors, holds, pick, same } from './harness.mjs';

export async function run(drive) {
  await secrets(drive);
  if (!drive.gateway) await neededSecret(drive);
  await providers(drive);
  await settings(drive);
  const plugin = { name: `plugin-${drive.run}`, retry: { enabled: true, max_attempts: 3 } };
  await collection(drive, 'plugins', plugin, { retry: { max_attempts: 5 } }, true);
  await collection(drive, 'hooks', { hook_point: 'tool.pre', enabled: true }, { enabled: false }, false);
  const gateway = { name: 'Team Gate', slug: `gate-${drive.run}`, auth_type: 'arcade_header' };
  await collection(drive, 'orgs/acme/projects/web/gateways', gateway, { description: 'for the team' }, true);
  await bulk(drive);
}

async function secrets(drive) {
  const { secrets } = drive.client.admin;
  const key = `KEY_${drive.run}`;
  let created;
  await drive.check('secrets create', async () => {
    created = await secrets.create(key, { value: 'hunter2', description: 'for a test' });
    same([created.key, created.description], [key, 'for a test'], 'key, description');
    holds(!JSON.stringify(created).includes('hunter2'), 'the value is shown');
  });
  await drive.check('secrets list', async () => {
    const listed = await secrets.list();
    same(listed.items.filter((secret) => secret.key === key).map((secret) => secret.id), [created.id], 'id');
    holds(!JSON.stringify(listed).includes('hunter2'), 'the value is shown');
    holds(listed.total_count >= 1 && listed.offset === 0, 'total_count, offset');
  });
  await drive.check('secrets create too long', () =>
    drive.refused(400, errors.BadRequestError, () => secrets.create(key, { value: 'x'.repeat(5001) })));
  await drive.check('secrets delete', async () => {
    await drive.deleted(secrets.delete(created.id));
    await drive.refused(404, errors.NotFoundError, () => secrets.delete(created.id));
  });
}

async function neededSecret(drive) {
  const { admin, tools } = drive.client;
  const peek = () => tools.execute({ tool_name: 'Vault.Peek', user_id: drive.user });
  await drive.check('secrets a tool needs', async () => {
    same((await peek()).output.error.kind, 'TOOL_REQUIREMENTS_NOT_MET', 'kind');
    const [need] = (await tools.get('Vault.Peek')).requirements.secrets;
    same([need.key, need.met], ['VAULT_TOKEN', false], 'key, met');
    const token = await admin.secrets.create('VAULT_TOKEN', { value: 'v' });
    same((await peek()).success, true, 'success');
    same((await tools.get('Vault.Peek')).requirements.met, true, 'met');
    await admin.secrets.delete(token.id);
  });
}

async function providers(drive) {
  const { authProviders } = drive.client.admin;
  const id = `provider-${drive.run}`;
  const oauth2 = { client_id: 'client', client_secret: 'hunter2', scope_delimiter: ' ', authorize_request: { endpoint: 'https://p.example/auth' } };
  let created;
  await drive.check('auth providers create', async () => {
    created = await authProviders.create({ id, description: 'a provider', oauth2 });
    same(pick(created, ['id', 'type', 'description']), { id, type: 'oauth2', description: 'a provider' }, 'members');
    same([created.oauth2.client_id, created.oauth2.client_secret.exists], ['client', true], 'client_id, client_secret.exists');
    same(created.oauth2.authorize_request.endpoint, 'https://p.example/auth', 'endpoint');
    holds(!JSON.stringify(created).includes('hunter2'), 'the secret is shown');
  });
  await drive.check('auth providers create twice', () => drive.refused(409, errors.ConflictError, () => authProviders.create({ id })));
  await drive.check('auth providers get and list', async () => {
    same(await authProviders.get(id), created, 'provider');
    same((await authProviders.list()).items.filter((one) => one.id === id).length, 1, 'times it is listed');
  });
  await drive.check('auth providers patch', async () => {
    const patched = await authProviders.patch(id, { description: 'changed', oauth2: { scope_delimiter: ',' } });
    same([patched.description, patched.oauth2.scope_delimiter, patched.oauth2.client_id], ['changed', ',', 'client'], 'members');
  });
  await drive.check('auth providers delete', async () => {
    const { data, response } = await authProviders.delete(id).withResponse();
    same([response.status, data.id], [200, id], 'status, id');
    await drive.refused(404, errors.NotFoundError, () => authProviders.get(id));
  });
}

async function settings(drive) {
  const { client } = drive;
  const path = '/v1/admin/settings/session_verification';
  await drive.check('session verification', async () => {
    const before = await client.get(path);
    const body = { verifier_url: `https://app.example/${drive.run}`, unsafe_skip_verification: false };
    same(pick(await client.put(path, { body }), Object.keys(body)), body, 'answer');
    same(pick(await client.get(path), Object.keys(body)), body, 'when asked again');
    await client.put(path, { body: before });
  });
}

async function collection(drive, path, body, change, unique) {
  const { client } = drive;
  const [name, at] = [path.split('/').at(-1), `/v1/${path}`];
  let created;
  await drive.check(`${name} create`, async () => {
    created = await client.post(at, { body });
    same(pick(created, Object.keys(body)), body, 'members');
    holds(created.id, 'no id');
  });
  await drive.check(`${name} get and list`, async () => {
    same(await client.get(`${at}/${created.id}`), created, 'when asked for');
    const { items } = await client.get(at, { query: { limit: 100 } });
    same(items.filter((one) => one.id === created.id).length, 1, 'times it is listed');
  });
  if (unique) {
    await drive.check(`${name} create twice`, () => drive.refused(409, errors.ConflictError, () => client.post(at, { body })));
  }
  await drive.check(`${name} patch`, async () => {
    const patched = await client.patch(`${at}/${created.id}`, { body: change });
    const merged = (kept, changed) => (typeof changed === 'object' ? { ...kept, ...changed } : changed);
    const wanted = Object.entries(change).map(([member, changed]) => [member, merged(created[member], changed)]);
    same(pick(patched, Object.keys(change)), Object.fromEntries(wanted), 'what changed');
  });
  await drive.check(`${name} delete`, async () => {
    await drive.deleted(client.delete(`${at}/${created.id}`));
    await drive.refused(404, errors.NotFoundError, () => client.get(`${at}/${created.id}`));
  });
}

async function bulk(drive) {
  const { client } = drive;
  await drive.check('hooks bulk', async () => {
    const hook = () => client.post('/v1/hooks', { body: { hook_point: 'tool.post', enabled: true } });
    const ids = [(await hook()).id, (await hook()).id];
    const { items } = await client.patch('/v1/hooks/bulk', { body: { ids, enabled: false } });
    same(items.map((one) => pick(one, ['id', 'enabled'])), ids.map((id) => ({ id, enabled: false })), 'hooks');
    for (const id of ids) await drive.deleted(client.delete(`/v1/hooks/${id}`));
  });
  await drive.check('gateways slug', async () => {
    const { slug } = await client.post('/v1/orgs/acme/projects/web/gateways/slug', { body: { name: `Free ${drive.run}` } });
    same(slug, `free-${drive.run}`, 'slug');
  });
}
