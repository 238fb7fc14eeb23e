// Chat completions: whole, with a tool call, and as a stream whose chunks arrive one by one.

import { errors, holds, pick, same } from './harness.mjs';

const WORDS = 'one two three four five six seven eight';
const messages = [{ role: 'user', content: WORDS }];
// The stand-in pauses after each of some ten chunks; a buffered stream would show no time between the first and the last.
const SPREAD_MS = 100;

export async function run(drive) {
  const { completions } = drive.client.chat;
  await drive.check('chat', async () => {
    const answer = await completions.create({ model: 'stand-in', messages });
    same(pick(answer, ['object', 'model']), { object: 'chat.completion', model: 'stand-in' }, 'object, model');
    const [choice] = answer.choices;
    same([choice.message.role, choice.message.content, choice.finish_reason], ['assistant', `You said: ${WORDS}`, 'stop'], 'choice');
    same(answer.usage, { prompt_tokens: 8, completion_tokens: 10, total_tokens: 18 }, 'usage');
  });
  await drive.check('chat with a tool', async () => {
    const answer = await completions.create({ model: 'stand-in', messages, tools: ['Echo.Say'], tool_choice: 'generate', user: drive.user });
    const [choice] = answer.choices;
    const [call] = choice.message.tool_calls;
    same([choice.finish_reason, call.type, call.function.name], ['tool_calls', 'function', 'Echo_Say'], 'tool call');
  });
  await drive.check('chat with a tool that needs consent', async () => {
    const answer = await completions.create({ model: 'stand-in', messages, tools: ['Mail.Search'], user: drive.user });
    same(answer.choices[0].tool_authorizations[0].provider_id, 'stand-in-mail', 'provider');
  });
  await drive.check('chat without messages', () =>
    drive.refused(400, errors.BadRequestError, () => completions.create({ model: 'stand-in' })));
  await drive.check('chat streamed', () => stream(completions));
}

async function stream(completions) {
  const response = await completions.create({ model: 'stand-in', messages, stream: true }).asResponse();
  holds(response.headers.get('content-type').startsWith('text/event-stream'), `content type ${response.headers.get('content-type')}`);
  const [arrivals, events] = [[], []];
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of response.body) {
    rest += decoder.decode(piece, { stream: true });
    const whole = rest.split('\n\n');
    rest = whole.pop();
    for (const event of whole) {
      arrivals.push(performance.now());
      events.push(event);
    }
  }
  same(rest, '', 'what is left after the last event');
  same(events.pop(), 'data: [DONE]', 'the end');
  const choices = events.map((event) => JSON.parse(event.slice('data: '.length)).choices[0]);
  same(choices.at(-1).finish_reason, 'stop', 'finish_reason');
  same(choices.map((choice) => choice.delta.content ?? '').join(''), `You said: ${WORDS}`, 'content');
  same(choices.length, 11, 'chunks');
  const spread = arrivals.at(-2) - arrivals[0];
  holds(spread >= SPREAD_MS, `all chunks came within ${spread.toFixed(0)} ms: the stream is buffered`);
}
