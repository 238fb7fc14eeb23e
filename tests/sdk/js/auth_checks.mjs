// A user's consent: asked for, waited for, refused, confirmed.

import { all, errors, holds, pick, same } from './harness.mjs';

const PROVIDER = 'stand-in-mail';

export async function run(drive) {
  const { userConnections } = drive.client.admin;
  await drive.check('user connections taken back', async () => {
    for (const kept of await all(userConnections.list({ user_id: drive.user }))) await drive.deleted(userConnections.delete(kept.id));
    same(await all(userConnections.list({ user_id: drive.user })), [], 'connections');
  });
  await consent(drive);
  await connections(drive);
  await start(drive);
  await confirm(drive);
  await requirements(drive);
}

async function consent(drive) {
  const { tools, auth } = drive.client;
  const user_id = drive.user;
  const search = () => tools.execute({ tool_name: 'Mail.Search', input: { query: 'q' }, user_id });
  await drive.check('tools get says what a user still needs', async () => {
    const { met, authorization } = (await tools.get('Mail.Search', { user_id })).requirements;
    same([met, authorization.token_status, authorization.oauth2], [false, 'not_started', { scopes: ['mail.read'] }], 'met, token_status, oauth2');
    holds(!('token_status' in (await tools.get('Mail.Search')).requirements.authorization), 'a token status without a user');
  });
  await drive.check('execute without consent', async () => {
    try {
      const answer = await search();
      same([answer.success, answer.output.authorization.status], [false, 'pending'], 'success, status');
      holds(answer.output.authorization.url, 'no url');
      holds(!('value' in answer.output), 'a value without consent');
    } catch (error) {
      if (!(error instanceof errors.PermissionDeniedError)) throw error;
      drive.errorBody(error.error, error.headers);
    }
  });
  await drive.check('tools authorize and wait', async () => {
    const begun = await tools.authorize({ tool_name: 'Mail.Search', user_id });
    holds(begun.id && begun.url, 'no id or url');
    same(pick(begun, ['user_id', 'provider_id', 'scopes']), { user_id, provider_id: PROVIDER, scopes: ['mail.read'] }, 'begun');
    const done = await auth.waitForCompletion(begun);
    same([done.status, done.id, done.context.token], ['completed', begun.id, `stand-in-token/${PROVIDER}/${user_id}`], 'status, id, token');
    same((await auth.waitForCompletion(begun.id)).status, 'completed', 'waiting by id');
  });
  await drive.check('tools get after consent', async () => {
    const { met, authorization } = (await tools.get('Mail.Search', { user_id })).requirements;
    same([met, authorization.token_status], [true, 'completed'], 'met, token_status');
  });
  await drive.check('execute after consent', async () => {
    const answer = await search();
    same([answer.success, answer.output.value.who.user], [true, user_id], 'success, user');
  });
  await drive.check('tools authorize without a requirement', async () => {
    same((await tools.authorize({ tool_name: 'Echo.Say', user_id })).status, 'completed', 'status');
  });
  await drive.check('tools authorize unknown tool', () =>
    drive.refused(404, errors.NotFoundError, () => tools.authorize({ tool_name: 'No.Such', user_id })));
  await drive.check('tools authorize without a user', () =>
    drive.refused(400, errors.BadRequestError, () => tools.authorize({ tool_name: 'Mail.Search' })));
}

async function connections(drive) {
  const { userConnections } = drive.client.admin;
  const query = { user_id: drive.user, provider_id: PROVIDER };
  let kept = [];
  await drive.check('user connections', async () => {
    kept = await all(userConnections.list(query));
    same(kept.map((one) => pick(one, ['user_id', 'provider_id', 'scopes'])), [{ ...query, scopes: ['mail.read'] }], 'connections');
  });
  await drive.check('user connections delete', async () => {
    await drive.deleted(userConnections.delete(kept[0].id));
    same(await all(userConnections.list(query)), [], 'connections');
    await drive.refused(404, errors.NotFoundError, () => userConnections.delete(kept[0].id));
  });
}

async function start(drive) {
  const { auth } = drive.client;
  await drive.check('auth start and wait', async () => {
    const begun = await auth.start(drive.user, 'calendar', { scopes: ['a', drive.run] });
    same(pick(begun, ['status', 'provider_id', 'scopes']), { status: 'pending', provider_id: 'calendar', scopes: ['a', drive.run] }, 'begun');
    const done = await auth.waitForCompletion(begun);
    same([done.status, done.context.token], ['completed', `stand-in-token/calendar/${drive.user}`], 'status, token');
  });
  await drive.check('auth authorize', async () => {
    const auth_requirement = { provider_id: 'calendar', provider_type: 'oauth2', oauth2: { scopes: ['b', drive.run] } };
    same((await auth.authorize({ auth_requirement, user_id: drive.user })).status, 'pending', 'status');
  });
  await drive.check('auth status waits', async () => {
    const { id } = await auth.start(drive.user, 'stays-pending', { scopes: [drive.run] });
    const before = performance.now();
    same((await auth.status({ id })).status, 'pending', 'at once');
    const between = performance.now();
    same((await auth.status({ id, wait: 1 })).status, 'pending', 'after a second');
    const waited = performance.now() - between;
    holds(between - before < 800, `without wait it took ${between - before} ms`);
    holds(waited >= 900 && waited < 5000, `with wait=1 it took ${waited} ms`);
  });
  await drive.check('auth status failed', async () => {
    const { id } = await auth.start(drive.user, 'refuses', { scopes: [drive.run] });
    const before = performance.now();
    let done = await auth.status({ id, wait: 30 });
    // A long poll may be clipped: who is told to wait on asks again.
    while (done.status === 'pending' && performance.now() - before < 10000) done = await auth.status({ id, wait: 30 });
    same([done.status, done.context?.token], ['failed', undefined], 'status, token');
    holds(performance.now() - before < 10000, 'it was waited for in vain');
  });
  await drive.check('auth status unknown', () =>
    drive.refused(drive.gateway ? [400, 403, 404] : 400, null, () => auth.status({ id: 'ac_none' })));
  await drive.check('auth status without an id', () =>
    drive.refused(400, errors.BadRequestError, () => drive.client.get('/v1/auth/status')));
}

async function confirm(drive) {
  const { auth } = drive.client;
  let flow_id;
  await drive.check('auth confirm user', async () => {
    const auth_requirement = { provider_id: 'stays-pending', oauth2: { scopes: ['c', drive.run] } };
    const begun = await auth.authorize({ auth_requirement, user_id: drive.user, next_uri: 'https://app.example/done' });
    flow_id = new URL(begun.url).searchParams.get('flow_id');
    const confirmed = await auth.confirmUser({ flow_id, user_id: drive.user });
    same(pick(confirmed, ['auth_id', 'next_uri']), { auth_id: begun.id, next_uri: 'https://app.example/done' }, 'confirmed');
  });
  await drive.check('auth confirm another user', () =>
    drive.refused(drive.gateway ? [400, 403] : 400, null, () => auth.confirmUser({ flow_id, user_id: drive.otherUser })));
  await drive.check('auth confirm unknown flow', () =>
    drive.refused(404, errors.NotFoundError, () => auth.confirmUser({ flow_id: 'flow_none', user_id: drive.user })));
  await drive.check('auth validate custom verifier', async () => {
    const body = { user_id: drive.user, verifier_url: 'https://app.example/verify' };
    const answer = await drive.client.post('/v1/auth/validate_custom_verifier', { body });
    holds(answer.flow_id && answer.next_uri.startsWith(body.verifier_url), JSON.stringify(answer));
  });
}

async function requirements(drive) {
  const check = (body) => drive.client.post('/v1/tools/requirements', { body: { user_id: drive.user, ...body } });
  const wanted = { tools: [{ tool_name: 'Mail.Search' }, { tool_name: 'Echo.Say' }], tool_names: ['Notes.Read'] };
  await drive.check('tools requirements', async () => {
    const answer = await check(wanted);
    same([answer.met, answer.authorization.met, answer.secrets.met], [false, false, true], 'met');
    const item = answer.authorization.items[PROVIDER];
    same(pick(item, ['met', 'token_status', 'tool_names']), { met: false, token_status: 'not_started', tool_names: ['Mail.Search'] }, 'item');
    holds(!('url' in item), 'a url that was not asked for');
    const begun = (await check({ ...wanted, authorize: true })).authorization.items[PROVIDER];
    holds(begun.url, 'no url');
    same((await drive.client.auth.waitForCompletion(begun.authorization_id)).status, 'completed', 'status');
    same((await check(wanted)).met, true, 'met after consent');
  });
  await drive.check('tools requirements of an unknown tool', () =>
    drive.refused(404, errors.NotFoundError, () => check({ tool_names: ['No.Such'] })));
}
