// Health, keys, base URLs, and everything that lists or shows tools.

import { EXPECTED, all, errors, holds, pick, same } from './harness.mjs';

export async function run(drive) {
  await reach(drive);
  await keys(drive);
  await listing(drive);
  await filters(drive);
  await showing(drive);
  await formatted(drive);
}

const names = (tools) => tools.map((tool) => tool.fully_qualified_name);

async function reach(drive) {
  const { client } = drive;
  await drive.check('health', async () => same((await client.health.check()).healthy, true, 'healthy'));
  await drive.check('config', async () => {
    const timeout = (await client.get('/v1/config')).servers.timeout_max_seconds;
    holds(Number.isInteger(timeout) && timeout > 0, `timeout_max_seconds is ${timeout}`);
  });
  await drive.check('base url with a trailing slash', async () => {
    same((await drive.newClient({ baseURL: drive.url('/') }).tools.get('Echo.Say')).name, 'Say', 'name');
  });
  if (drive.options.prefix) {
    await drive.check('base url with a path prefix', async () => {
      const prefixed = drive.newClient({ baseURL: drive.url(`${drive.options.prefix}/`) });
      same((await prefixed.tools.get('Echo.Say')).name, 'Say', 'name');
    });
  }
  await drive.check('unknown path', () => drive.refused(404, errors.NotFoundError, () => client.get('/v1/no/such/route')));
  await drive.check('raw response', async () => {
    const { data, response } = await client.tools.get('Echo.Say').withResponse();
    same([response.status, data.qualified_name], [200, 'Echo.Say'], 'status, name');
    holds(response.headers.get('content-type').startsWith('application/json'), 'content type');
    if (drive.gateway) holds(response.headers.get('x-request-id'), 'no x-request-id');
  });
}

async function keys(drive) {
  const key = drive.options.apiKey;
  for (const [name, form] of [['raw', key], ['Bearer', `Bearer ${key}`], ['bearer in lower case', `bearer ${key}`]]) {
    await drive.check(`key ${name}`, async () => {
      same((await drive.newClient({ apiKey: form }).tools.get('Echo.Say')).name, 'Say', 'name');
    });
  }
  await drive.check('wrong key', async () => {
    const wrong = drive.newClient({ apiKey: 'wrong-key' });
    await drive.refused(401, errors.AuthenticationError, () => wrong.tools.list());
    await drive.refused(401, errors.AuthenticationError, () => wrong.tools.execute({ tool_name: 'Echo.Say', input: { text: 'x' } }));
  });
  await drive.check('no key', async () => {
    const response = await fetch(drive.url('/v1/tools'));
    same(response.status, 401, 'status');
    drive.errorBody(await response.json(), response.headers);
  });
  if (!drive.gateway) return;
  await drive.check("the gateway's own errors name their request", async () => {
    for (const authorization of ['wrong-key', key]) {
      const headers = { authorization, 'content-type': 'application/json' };
      const response = await fetch(drive.url('/v1/tools/execute'), { method: 'POST', headers, body: '{' });
      const [request, text] = [response.headers.get('x-request-id'), await response.text()];
      holds(request && text.includes(request), `no ${request} in ${text}`);
    }
  });
}

async function listing(drive) {
  const { client } = drive;
  const { tools } = client;
  await drive.check('tools list', async () => {
    const listed = names((await tools.list({ limit: 100 })).items);
    same(EXPECTED.newest.filter((name) => !listed.includes(name)), [], 'missing');
    same(new Set(listed).size, listed.length, 'distinct names');
    holds(!listed.includes('Notes.Read@1.0.0'), 'an old version is listed');
    if (!drive.gateway && !drive.options.calc) same(listed, EXPECTED.newest, 'names');
  });
  await drive.check('tools list page', async () => {
    const [page, whole] = [await tools.list({ limit: 3, offset: 2 }), await tools.list({ limit: 100 })];
    same([page.offset, page.items.length], [2, 3], 'offset, items');
    same(page.total_count, whole.total_count, 'total_count');
    same(names(page.items), names(whole.items.slice(2, 5)), 'the same tools as in the whole list');
  });
  await drive.check('tools list default limit', async () => {
    same(pick(await client.get('/v1/tools'), ['limit', 'offset']), { limit: 25, offset: 0 }, 'limit, offset');
  });
  await drive.check('tools list beyond the end', async () => same((await tools.list({ offset: 10000 })).items, [], 'items'));
  await drive.check('tools list auto-pagination', async () => {
    same(names(await all(tools.list({ limit: 3 }))), names(await all(tools.list({ limit: 100 }))), 'names over pages of three');
  });
  await drive.check('tools list by toolkit', async () => {
    same((await all(tools.list({ toolkit: 'mAIL' }))).map((tool) => tool.name).sort(), ['Search', 'Send'], 'names');
    same(await all(tools.list({ toolkit: 'NoSuchToolkit' })), [], 'names of an unknown toolkit');
  });
  await drive.check('tools list with formats', async () => {
    const [tool] = (await tools.list({ toolkit: 'Echo', include_format: ['openai', 'anthropic'] })).items;
    same(tool.formatted_schema, { openai: EXPECTED.openai_echo, anthropic: EXPECTED.anthropic_echo }, 'formatted_schema');
  });
  await drive.check('tools list wrong limit', () =>
    drive.refused(400, errors.BadRequestError, () => tools.list({ limit: 'many' })));
}

async function filters(drive) {
  const { tools } = drive.client;
  const filtered = async (filter) =>
    (await all(tools.list({ limit: 100, filter: JSON.stringify(filter) }))).map((tool) => tool.qualified_name).sort();
  await drive.check('tools list all versions', async () => {
    const listed = names(await all(tools.list({ toolkit: 'Notes', include_all_versions: true })));
    same(listed.sort(), ['Notes.Read@1.0.0', 'Notes.Read@2.0.0'], 'versions');
  });
  await drive.check('tools list by filter', async () => {
    const email = { read_only: true, service_domains: { any_of: ['EMAIL', 'calendar'] }, operations: ['Read'] };
    same(await filtered(email), ['Mail.Search'], 'read-only mail tools');
    same(await filtered({ destructive: true }), ['Files.Delete'], 'destructive tools');
    same(await filtered({ extras: { tier: 'Gold' } }), ['Docs.Get'], 'extras');
    same(await filtered({ extras: { tier: 'gold' } }), [], 'extras in another case');
    holds(!(await filtered({ read_only: false })).includes('Clock.Now'), 'a tool without metadata passes a filter');
  });
  await drive.check('tools list wrong filter', () =>
    drive.refused(400, errors.BadRequestError, () => tools.list({ filter: 'not json' })));
}

async function showing(drive) {
  const { tools } = drive.client;
  await drive.check('tools get', async () => {
    const shown = await tools.get('Docs.Get');
    same(pick(shown, Object.keys(EXPECTED.docs_get)), EXPECTED.docs_get, 'tool');
    holds(!('formatted_schema' in shown), 'a format was not asked for');
  });
  await drive.check('tools get in any case', async () => {
    same((await tools.get('dOCS.gET')).fully_qualified_name, 'Docs.Get@1.2.0', 'name');
  });
  await drive.check('tools get a version', async () => {
    same((await tools.get('Notes.Read@1.0.0')).toolkit.version, '1.0.0', 'the old one');
    same((await drive.client.get('/v1/tools/Notes.Read%402.0.0')).toolkit.version, '2.0.0', 'percent-encoded');
    same((await tools.get('Notes.Read')).toolkit.version, '2.0.0', 'the newest');
  });
  await drive.check('tools get with formats', async () => {
    const { formatted_schema: schema } = await tools.get('Echo.Say', { include_format: ['openai', 'anthropic'] });
    same(schema, { openai: EXPECTED.openai_echo, anthropic: EXPECTED.anthropic_echo }, 'formatted_schema');
  });
  await drive.check('tools get unknown', () => drive.refused(404, errors.NotFoundError, () => tools.get('Echo.NoSuchTool')));
  await drive.check('tools get wrong format', () =>
    drive.refused(400, errors.BadRequestError, () => tools.get('Echo.Say', { include_format: ['papyrus'] })));
}

async function formatted(drive) {
  const { formatted } = drive.client.tools;
  await drive.check('formatted list', async () => {
    const page = await formatted.list({ format: 'openai', toolkit: 'Echo' });
    same(page.items, [EXPECTED.openai_echo], 'items');
    same([page.total_count, page.offset], [1, 0], 'total_count, offset');
  });
  await drive.check('formatted list auto-pagination', async () => {
    const listed = (await all(formatted.list({ format: 'anthropic', limit: 4 }))).map((tool) => tool.name);
    same(new Set(listed).size, listed.length, 'distinct names');
    const wanted = EXPECTED.newest.map((name) => name.split('@')[0].replace('.', '_'));
    same(wanted.filter((name) => !listed.includes(name)), [], 'missing');
  });
  await drive.check('formatted list by filter', async () => {
    const listed = await all(formatted.list({ format: 'openai', filter: JSON.stringify({ destructive: true }) }));
    same(listed.map((tool) => tool.function.name), ['Files_Delete'], 'names');
  });
  await drive.check('formatted get', async () => {
    same(await formatted.get('Echo.Say', { format: 'openai' }), EXPECTED.openai_echo, 'openai');
    same(await formatted.get('Echo.Say', { format: 'anthropic' }), EXPECTED.anthropic_echo, 'anthropic');
    same((await formatted.get('Echo.Say', { format: 'arcade' })).qualified_name, 'Echo.Say', 'arcade');
  });
  await drive.check('formatted get unknown', () =>
    drive.refused(404, errors.NotFoundError, () => formatted.get('No.Such', { format: 'openai' })));
}
