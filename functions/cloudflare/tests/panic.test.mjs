// What a panic of the built Worker leaves in the log, on real workerd: where it began, and never its message. `cargo gate --only panic`;
// or, with the Worker in DIRECTORY: `TOOLGATE_WORKER=DIRECTORY node --test functions/cloudflare/tests/panic.test.mjs`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const DIRECTORY = process.env.TOOLGATE_WORKER ?? "build/cloudflare";
const MESSAGE = "words of a message that nobody should read";

// The SDK unwraps what `waitUntil` throws, so a context that throws when the WASM calls it makes the module panic, with these words
// in the message. JavaScript's own calls pass.
const PANICKING = `
import worker from "./index.js";
export { Durable } from "./index.js";
export default {
  fetch(request, env, ctx) {
    const waitUntil = (promise) => {
      if (env.PANICS && new Error().stack.includes("wasm")) throw new Error("${MESSAGE}");
      ctx.waitUntil(promise);
    };
    return worker.fetch(request, env, { waitUntil });
  },
};
`;

const module = (type, path) => ({ type, path: join(DIRECTORY, path), contents: readFileSync(join(DIRECTORY, path)) });
const logged = [];
let worker;
let addresses;

const service = (name, PANICS) => ({
  name,
  modulesRoot: DIRECTORY,
  modules: [
    { type: "ESModule", path: join(DIRECTORY, "panicking.mjs"), contents: PANICKING },
    module("ESModule", "index.js"),
    module("CompiledWasm", "toolgate_bg.wasm"),
  ],
  compatibilityDate: "2026-11-17",
  bindings: { PANICS },
  kvNamespaces: { TOOLGATE_KV: "TOOLGATE_KV" },
  durableObjects: { TOOLGATE_DURABLE: { className: "Durable", useSQLite: true } },
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
});

before(async () => {
  const options = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    handleStructuredLogs: ({ message }) => logged.push(message),
    workers: [service("well", false), service("panicking", true)],
  };
  worker = new Miniflare(convertV4MiniflareOptions(options));
  await worker.ready;
  const address = async (name) => [name, (await worker.unsafeGetDirectURL(name)).origin];
  addresses = Object.fromEntries(await Promise.all(["well", "panicking"].map(address)));
});

after(() => worker?.dispose());

const live = (name) => fetch(`${addresses[name]}/health/live`, { signal: AbortSignal.timeout(20_000) });

test("a Worker whose context does its work answers", async () => {
  assert.equal((await live("well")).status, 200);
});

// Twice: an instance that starts afresh after the trap has the same hook.
for (const time of ["first", "second"]) {
  test(`a panic leaves its place in the log and not its message (${time} instance)`, async () => {
    logged.length = 0;
    const answer = await live("panicking");
    assert.equal(answer.status, 500);
    assert.equal(answer.headers.get("toolgate-refusal"), "gateway_fault");
    const said = () => logged.find((line) => line.includes('"panic"'));
    for (let tries = 0; tries < 100 && !said(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(said() ?? "", /\.rs:\d+:\d+/, logged.join("\n"));
    assert.ok(!logged.some((line) => line.includes(MESSAGE) || line.includes("Rust panic")), logged.join("\n"));
  });
}
