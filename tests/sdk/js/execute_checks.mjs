// Running tools: good answers, tool errors, refusals, versions, counters, scheduled calls.

import { setTimeout as sleep } from 'node:timers/promises';

import { all, errors, holds, pick, same } from './harness.mjs';

const INPUT = {
  text: 'größer \u{1F600} \u2028', times: 3, ratio: 1.5, loud: false, mood: 'calm', tags: ['a', ''], data: { b: [1, '1', null], a: 1e21 },
};

export async function run(drive) {
  await good(drive);
  await toolErrors(drive);
  await refusals(drive);
  await counters(drive);
  await many(drive);
  await scheduled(drive);
  await scoped(drive);
}

async function good(drive) {
  const { tools } = drive.client;
  const user_id = drive.user;
  await drive.check('execute', async () => {
    const answer = await tools.execute({ tool_name: 'Echo.Say', input: INPUT, user_id });
    same(pick(answer, ['success', 'status', 'execution_type']), { success: true, status: 'success', execution_type: 'immediate' }, 'answer');
    holds(answer.id && answer.execution_id && answer.finished_at, 'id, execution_id or finished_at is missing');
    holds(typeof answer.duration === 'number' && answer.duration >= 0, `duration ${answer.duration}`);
    same(answer.output.value.echo, INPUT, 'echo');
    holds(!answer.output.error && !answer.output.authorization, 'error or authorization beside a value');
  });
  await drive.check('execute headers', async () => {
    const { response } = await tools.execute({ tool_name: 'Echo.Say', input: { text: 'headers' }, user_id }).withResponse();
    holds(response.headers.get('content-type').startsWith('application/json'), 'content type');
    if (drive.gateway) {
      holds(response.headers.get('x-request-id'), 'no x-request-id');
      holds(response.headers.get('cache-status'), 'no Cache-Status');
    }
  });
  await drive.check('execute in every form of the name', async () => {
    for (const tool_name of ['Echo.Say', 'echo.say', 'Echo.Say@1.0.0', 'Echo_Say']) {
      const answer = await tools.execute({ tool_name, input: { text: tool_name }, user_id });
      same(answer.output.value.echo, { text: tool_name }, tool_name);
    }
  });
  await drive.check('execute a version', async () => {
    for (const version of ['1.0.0', '2.0.0']) {
      const asked = await tools.execute({ tool_name: 'Notes.Read', tool_version: version, input: { note: 'n' }, user_id });
      same(asked.output.value.version, version, 'tool_version');
      const named = await tools.execute({ tool_name: `Notes.Read@${version}`, input: { note: 'm' }, user_id });
      same(named.output.value.version, version, 'version in the name');
    }
  });
  if (drive.options.calc) {
    await drive.check('execute on a real worker', async () => {
      const sum = await tools.execute({ tool_name: 'Calc.Plus', input: { a: '2', b: '3' }, user_id });
      same([sum.success, sum.output.value], [true, '5'], 'success, value');
      const wrong = await tools.execute({ tool_name: 'Calc.Plus', input: { a: '2' }, user_id });
      same([wrong.success, wrong.output.error.kind], [false, 'TOOL_RUNTIME_BAD_INPUT_VALUE'], 'success, kind');
    });
  }
}

async function toolErrors(drive) {
  const { tools } = drive.client;
  const user_id = drive.user;
  await drive.check('execute tool error', async () => {
    const wanted = {
      kind: 'UPSTREAM_RUNTIME_RATE_LIMIT', message: 'slow down', can_retry: false, retry_after_ms: 1500, status_code: 429,
      additional_prompt_content: 'tell the user to wait',
    };
    const answer = await tools.execute({ tool_name: 'Faulty.Raise', input: wanted, user_id });
    same([answer.success, answer.status], [false, 'failed'], 'success, status');
    same(pick(answer.output.error, Object.keys(wanted)), wanted, 'error');
    same(answer.output.error.developer_message, 'raised by Faulty.Raise', 'developer_message');
    holds(!('stacktrace' in answer.output.error), 'a stack trace that was not asked for');
  });
  await drive.check('execute tool error with stack trace', async () => {
    const answer = await tools.execute({ tool_name: 'Faulty.Raise', input: { kind: 'TOOL_RUNTIME_FATAL' }, include_error_stacktrace: true, user_id });
    holds(answer.output.error.stacktrace.startsWith('Traceback'), 'no stack trace');
  });
  for (const [name, input, member] of [
    ['a missing input', {}, 'text'],
    ['a wrong type', { text: 5 }, 'text'],
    ['an unknown input', { text: 'x', zz: 1 }, 'zz'],
  ]) {
    await drive.check(`execute ${name}`, async () => {
      const answer = await tools.execute({ tool_name: 'Echo.Say', input, user_id });
      const { kind, can_retry, message } = answer.output.error;
      same([answer.success, kind, can_retry], [false, 'TOOL_RUNTIME_BAD_INPUT_VALUE', false], 'success, kind, can_retry');
      holds(message.includes(member), `the message names no input: ${message}`);
    });
  }
}

async function refusals(drive) {
  const { client } = drive;
  const user_id = drive.user;
  const post = (kind, body) =>
    fetch(drive.url('/v1/tools/execute'), { method: 'POST', headers: { authorization: drive.options.apiKey, 'content-type': kind }, body });
  await drive.check('execute unknown tool', () =>
    drive.refused(404, errors.NotFoundError, () => client.tools.execute({ tool_name: 'Echo.Sayy', input: { text: 'x' }, user_id })));
  await drive.check('execute wrong version', () =>
    drive.refused([400, 404], null, () => client.tools.execute({ tool_name: 'Echo.Say', tool_version: '9.9.9', input: { text: 'x' }, user_id })));
  await drive.check('execute without a tool', () =>
    drive.refused(400, errors.BadRequestError, () => client.post('/v1/tools/execute', { body: { input: {} } })));
  await drive.check('execute not json', async () => {
    const response = await post('application/json', '{"tool_name": "Echo.Say", ');
    same(response.status, 400, 'status');
    drive.errorBody(await response.json(), response.headers);
  });
  await drive.check('execute wrong content type', async () => {
    const response = await post('text/plain', '{"tool_name": "Echo.Say", "input": {"text": "x"}}');
    same(response.status, 415, 'status');
    drive.errorBody(await response.json(), response.headers);
  });
}

async function counters(drive) {
  const execute = async (tool_name, input, user_id, options) => {
    const { data, response } = await drive.client.tools.execute({ tool_name, input, user_id }, options).withResponse();
    return { data, value: data.output.value, status: response.headers.get('cache-status') ?? '' };
  };
  await drive.check('execute runs what has effects every time', async () => {
    for (const [tool, input] of [['Mail.Send', { to: 'a@example.com' }], ['Files.Delete', { path: '/x' }], ['Clock.Now', {}]]) {
      const [first, second] = [await execute(tool, input, drive.user), await execute(tool, input, drive.user)];
      holds(second.value.call > first.value.call, `${tool} ran once for two calls`);
      holds(!second.status.includes('hit'), `${tool} came from a cache: ${second.status}`);
    }
  });
  await drive.check('execute gives each user their own', async () => {
    const input = { document: drive.run };
    for (const user of [drive.user, drive.otherUser, drive.user, drive.otherUser]) {
      const { value } = await execute('Docs.Get', input, user);
      same([value.who.user, value.input], [user, input], 'user and input');
    }
  });
  await drive.check('execute says truly whether it was cached', async () => {
    const input = { document: `${drive.run}-again` };
    const [first, second] = [await execute('Docs.Get', input, drive.user), await execute('Docs.Get', input, drive.user)];
    same(second.value.call === first.value.call, second.status.includes('hit'), `the same call, where Cache-Status is ${second.status}`);
  });
  await drive.check('execute once for one idempotency key', async () => {
    const answers = [];
    for (let n = 0; n < 3; n += 1) {
      answers.push((await execute('Mail.Send', { to: 'b@example.com' }, drive.user, { idempotencyKey: drive.run })).data);
    }
    same(answers.slice(1), [answers[0], answers[0]], 'the replays');
  });
}

async function many(drive) {
  await drive.check('execute many at once', async () => {
    const texts = Array.from({ length: 40 }, (_, n) => `${drive.run} ${n}`);
    const answers = await Promise.all(
      texts.map((text) => drive.client.tools.execute({ tool_name: 'Echo.Say', input: { text }, user_id: drive.user })),
    );
    same(answers.map((answer) => answer.output.value.echo.text), texts, 'each its own answer');
  });
}

async function scheduled(drive) {
  const { tools } = drive.client;
  const later = (text, run_at) => tools.execute({ tool_name: 'Echo.Say', input: { text }, user_id: drive.user, run_at });
  await drive.check('execute later', async () => {
    const answer = await later('later', '2035-01-01T00:00:00');
    const accepted = { success: true, status: 'pending', execution_type: 'scheduled', run_at: '2035-01-01T00:00:00' };
    same(pick(answer, Object.keys(accepted)), accepted, 'answer');
    const shown = await tools.scheduled.get(answer.execution_id);
    same([shown.id, shown.execution_status, shown.tool_name, shown.toolkit_name], [answer.execution_id, 'pending', 'Say', 'Echo'], 'scheduled get');
    same([shown.input, shown.attempts], [{ text: 'later' }, []], 'input, attempts');
    holds((await all(tools.scheduled.list({ limit: 2 }))).some((kept) => kept.id === answer.execution_id), 'it is not listed');
  });
  await drive.check('execute soon', async () => {
    const answer = await later('soon', new Date(Date.now() + 1000).toISOString().slice(0, 19));
    const until = Date.now() + 10000;
    let shown = await tools.scheduled.get(answer.execution_id);
    while (shown.execution_status === 'pending' && Date.now() < until) {
      await sleep(50);
      shown = await tools.scheduled.get(answer.execution_id);
    }
    same([shown.execution_status, shown.attempts.length, shown.attempts[0]?.success], ['success', 1, true], 'status, attempts, success');
    same(shown.attempts[0].output.value.echo, { text: 'soon' }, 'echo');
  });
  await drive.check('execute at a wrong time', () => drive.refused(400, errors.BadRequestError, () => later('x', 'soon')));
  await drive.check('scheduled unknown', () => drive.refused(404, errors.NotFoundError, () => tools.scheduled.get('te_none')));
}

async function scoped(drive) {
  const { client } = drive;
  const at = '/v1/orgs/acme/projects/web';
  await drive.check('org paths list and get', async () => {
    const { items } = await client.get(`${at}/tools`, { query: { limit: 100 } });
    holds(items.some((tool) => tool.fully_qualified_name === 'Echo.Say@1.0.0'), 'Echo.Say is not listed');
    same((await client.get(`${at}/tools/Docs.Get`)).qualified_name, 'Docs.Get', 'name');
  });
  await drive.check('org paths execute', async () => {
    const body = { tool_name: 'Docs.Get', input: { document: drive.run }, user_id: drive.user };
    const { value } = (await client.post(`${at}/tools/execute`, { body })).output;
    same([value.input, value.who.user, value.who.project], [body.input, drive.user, 'acme/web'], 'input, user, project');
    same((await client.post('/v1/tools/execute', { body })).output.value.who.project, '', 'the project of the plain path');
  });
}
