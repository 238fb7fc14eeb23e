// What every group of checks stands on: one JSON line per check, and comparisons that say what differs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// `require` also looks where NODE_PATH says, which `import` does not.
const Arcade = createRequire(import.meta.url)('@arcadeai/arcadejs');

export const EXPECTED = JSON.parse(readFileSync(new URL('../expected.json', import.meta.url), 'utf8'));
export const errors = Arcade;

/** `actual` equals `expected` in depth and in type. */
export function same(actual, expected, what) {
  assert.deepStrictEqual(actual, expected, `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

/** `condition` is true. */
export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

/** The members of `object` with these names. */
export function pick(object, names) {
  return Object.fromEntries(names.map((name) => [name, object?.[name]]));
}

/** Everything that a page iterates over, further pages included. */
export async function all(page) {
  const items = [];
  for await (const item of page) items.push(item);
  return items;
}

/** One run of the driver: where to, as whom, and what came of it so far. */
export class Drive {
  constructor(options) {
    this.options = options;
    this.gateway = options.mode === 'gateway';
    this.passed = 0;
    this.failed = 0;
    this.run = `js-${process.hrtime.bigint().toString(16)}`;
    this.user = options.user;
    this.otherUser = options['other-user'];
    this.client = this.newClient();
  }

  /** A client for the same place that does not retry, so that a check sees the first answer. */
  newClient(changes = {}) {
    const { baseURL, apiKey } = this.options;
    return new Arcade.default({ baseURL, apiKey, maxRetries: 0, ...changes });
  }

  /** The address of a route, for requests that the SDK would not send. */
  url(path) {
    return this.options.baseURL.replace(/\/+$/, '') + path;
  }

  /** Runs `body` as one check and prints how it went; a failure does not stop the run. */
  async check(name, body) {
    let detail = null;
    try {
      await body();
    } catch (fault) {
      detail = `${fault.constructor.name}: ${fault.message}`;
    }
    const ok = detail === null;
    if (ok) this.passed += 1;
    else this.failed += 1;
    console.log(JSON.stringify({ check: name, ok, detail }));
  }

  /** `call` is refused with one of these statuses and this SDK class; returns the error's body. */
  async refused(statuses, kind, call) {
    const wanted = [statuses].flat();
    let answer;
    try {
      answer = await call();
    } catch (error) {
      holds(error instanceof errors.APIError, `not refused but broken: ${error.message}`);
      holds(wanted.includes(error.status), `status ${error.status} instead of ${wanted}: ${JSON.stringify(error.error)}`);
      if (kind) same(error.constructor.name, kind.name, 'the error class');
      this.errorBody(error.error, error.headers);
      return error.error;
    }
    throw new Error(`it was answered: ${JSON.stringify(answer)}`);
  }

  /** An error as the contract has it; one from the gateway names its request in a header. */
  errorBody(body, headers) {
    holds(body !== null && typeof body === 'object', `the error is no object: ${JSON.stringify(body)}`);
    for (const member of ['name', 'message']) {
      holds(typeof body[member] === 'string' && body[member] !== '', `the error has no ${member}: ${JSON.stringify(body)}`);
    }
    holds(headers.get('content-type')?.startsWith('application/json'), 'the error is not JSON by its content type');
    if (this.gateway) holds(headers.get('x-request-id'), 'the error has no x-request-id');
  }

  /** A delete as the contract has it: 204 and no body. */
  async deleted(promise) {
    const response = await promise.asResponse();
    same(response.status, 204, 'status');
    same(await response.text(), '', 'body');
  }
}
