// The Worker's entry module: reads a request, calls the WASM once, and answers whatever happens.
import * as gate from "toolgate-bindings";
import { BROKEN, NOTHING, TOO_LARGE, WHOLE, collect } from "./body.js";
import { fault } from "./fault.js";
import { notice, ready, surviving } from "./instance.js";
import { known } from "./known.js";
import { writeSoon } from "./log.js";

export { Durable } from "./durable.js";

ready();

export default {
  fetch(request, env, ctx) {
    // Content in these has no meaning (RFC 9110 sections 9.3.1 and 9.3.2).
    if (request.method === "GET" || request.method === "HEAD") return answer(request, env, ctx, NOTHING, WHOLE);
    const declared = request.headers.get("content-length");
    if (declared === null) {
      if (request.body === null) return answer(request, env, ctx, NOTHING, WHOLE);
      return collect(request.body, known.bodyLimit).then(([body, fate]) => answer(request, env, ctx, body, fate));
    }
    if (Number(declared) > known.bodyLimit) return answer(request, env, ctx, NOTHING, TOO_LARGE);
    return request.arrayBuffer().then(
      (buffer) => answer(request, env, ctx, new Uint8Array(buffer), WHOLE),
      () => answer(request, env, ctx, NOTHING, BROKEN),
    );
  },

  scheduled(_event, env, ctx) {
    ready();
    writeSoon(ctx);
    ctx.waitUntil(surviving(gate.scheduled(env, ctx)));
  },
};

function answer(request, env, ctx, body, fate) {
  try {
    ready();
    writeSoon(ctx);
    const headers = request.headers;
    let head = request.method + "\n" + request.url;
    for (const name of known.requestHeaders) head += "\n" + (headers.get(name) ?? "");
    const answered = gate.fetch(head, body, fate, env, ctx);
    if (!(answered instanceof Promise)) return answered;
    const kept = surviving(answered).catch(failed);
    // Else the platform would cancel everything when the caller hangs up: a call that is under way is made all the same, so
    // its record, its idempotency key and what it makes stale must not be lost. What is ready at once needs no such care.
    ctx.waitUntil(kept);
    return kept;
  } catch (error) {
    return failed(error);
  }
}

function failed(error) {
  notice(error);
  return fault(error);
}
