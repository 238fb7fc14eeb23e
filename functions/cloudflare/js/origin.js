// Outbound HTTP. Each function resolves to `[status, header values, body]` or to the number of an error; the numbers
// stand in src/origin.rs too.
import { collect, TOO_LARGE, WHOLE } from "./body.js";
import { known } from "./known.js";

const TIMEOUT = 1;
const CONNECTION_BROKEN = 2;
const BODY_CUT = 3;
const BODY_TOO_LARGE = 4;

/** One whole exchange, its body of at most `limit` bytes, within `timeout` milliseconds and unless it is aborted. */
export async function send(abort, head, body, timeout, limit) {
  const signal = abort.signal;
  const timer = setTimeout(() => abort.abort(), timeout);
  try {
    const response = await fetch(request(head, body, signal));
    if (response.body === null) return [response.status, values(response.headers), new Uint8Array(0)];
    // Counted while it arrives: the declared length is that of a compressed body, or a lie.
    const [bytes, fate] = await collect(response.body, limit);
    if (fate === WHOLE) return [response.status, values(response.headers), bytes];
    if (fate === TOO_LARGE) return BODY_TOO_LARGE;
    return signal.aborted ? TIMEOUT : BODY_CUT;
  } catch {
    return failure(signal);
  } finally {
    clearTimeout(timer);
  }
}

/** An exchange up to the head of the answer, which must arrive within `timeout` milliseconds; the body flows on. */
export async function open(head, body, timeout) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  try {
    const response = await fetch(request(head, body, abort.signal));
    return [response.status, values(response.headers), response.body];
  } catch {
    return failure(abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

function request(head, body, signal) {
  const [method, url, ...lines] = head.split("\n");
  // Nothing decompresses on every platform, so an answer is asked for as it is.
  const headers = new Headers({ "accept-encoding": "identity" });
  for (let at = 0; at + 1 < lines.length; at += 2) headers.set(lines[at], lines[at + 1]);
  // The bytes are a view of the WASM's memory, which goes on changing.
  const bytes = body.byteLength === 0 ? null : body.slice();
  return new Request(url, { method, headers, body: bytes, redirect: "manual", signal });
}

function values(headers) {
  return known.responseHeaders.map((name) => headers.get(name) ?? "").join("\n");
}

/**
 * Why `fetch` gave no answer. The platform says the same of a refused connection and of one that broke after the request
 * was sent, so nothing here can promise that the other side did not see it.
 */
function failure(signal) {
  return signal.aborted ? TIMEOUT : CONNECTION_BROKEN;
}
