// What the WASM asks of JavaScript. Nothing here throws into Rust, whose destructors an exception would skip.
import { fault } from "./fault.js";

export { log } from "./log.js";

export function answerBytes(status, fixed, own, body) {
  // The bytes are a view of the WASM's memory, which goes on changing: the one copy is made here.
  return answerWith(status, fixed, own, body.slice());
}

export function answerWith(status, fixed, own, body) {
  try {
    const response = new Response(body, { status, headers: prepared(fixed) });
    each(own, response.headers);
    return response;
  } catch (error) {
    return fault(error);
  }
}

export function answerStream(status, fixed, own, body, broken) {
  return answerWith(status, fixed, own, body === null ? null : ending(body, broken.slice()));
}

/** The stream, with `broken` as its end where it breaks: the platform ends every body as if it were whole. */
function ending(body, broken) {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        controller.enqueue(broken);
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Headers that many answers share: to copy a `Headers` costs half of what it costs to make one. */
const shared = new Map();
const SHARED_MOST = 256;

function prepared(lines) {
  let headers = shared.get(lines);
  if (headers === undefined) {
    headers = new Headers();
    each(lines, headers);
    if (shared.size < SHARED_MOST) shared.set(lines, headers);
  }
  return headers;
}

function each(lines, headers) {
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) headers.set(parts[at], parts[at + 1]);
}

export function fill(bytes) {
  crypto.getRandomValues(bytes);
}

/** A timer that can be cleared: one that nobody waits for any more must not keep its request alive. */
export class Timer {
  constructor(ms) {
    this.fired = new Promise((resolve) => (this.id = setTimeout(resolve, ms)));
  }

  clear() {
    clearTimeout(this.id);
  }
}

export async function apply(owner, command, timeout) {
  return await within(timeout, "durable owner", owner.apply(command.slice()));
}

export async function query(database, statement, parameters, timeout) {
  const rows = await within(timeout, "database", database.prepare(statement).bind(...parameters).raw());
  // D1 returns bytes as an array of numbers.
  return rows.map((row) => row.map((value) => (Array.isArray(value) ? Uint8Array.from(value) : value)));
}

/** Nobody can send a request to a reserved host. The name is the deployment's: what `fetch` puts into the zone's cache never meets it. */
const HOST = "https://cache.toolgate.invalid/";

export async function cacheGet(name, key) {
  const cache = await caches.open(name);
  const found = await cache.match(HOST + key);
  return found === undefined ? undefined : new Uint8Array(await found.arrayBuffer());
}

export async function cachePut(name, key, value, seconds) {
  // The bytes are a view of the WASM's memory, which goes on changing.
  const response = new Response(value.slice(), { headers: { "cache-control": `max-age=${seconds}` } });
  const cache = await caches.open(name);
  await cache.put(HOST + key, response);
}

async function within(timeout, what, answer) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: timeout`)), timeout);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
