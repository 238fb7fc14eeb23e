// One limit over sixteen isolates on workerd: sixteen services of one miniflare, all bound to the Durable Objects of one of
// them. Counts, not times, are what is asserted. `cargo gate --only rate`; or, with the Worker built with
// tests/rate/toolgate.toml in DIRECTORY: `TOOLGATE_RATE_WORKER=DIRECTORY node --test tests/rate/rate.test.mjs`. Ends by
// itself within a minute.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const DIRECTORY = process.env.TOOLGATE_RATE_WORKER ?? "target/rate";
const KEY = "tg_rate_0123456789abcdef";
const ISOLATES = 16;
/** As in toolgate.toml. */
const RATE = 200;
const BURST = 200;
const LEASE_S = 4;
const SECONDS = 12;
/** Requests that each isolate has under way. */
const CLIENTS = 3;

const OWNER = "s0";
const module = (type, path) => ({ type, path: join(DIRECTORY, path), contents: readFileSync(join(DIRECTORY, path)) });

// The owner's class counts its questions: what the isolates asked, whatever they say about it themselves.
const COUNTING = `
import worker, { Durable as Plain } from "./index.js";
export default worker;
export class Durable extends Plain {
  apply(command) {
    this.asked = (this.asked ?? 0) + 1;
    return super.apply(command);
  }
  asked_so_far() { return this.asked ?? 0; }
}
`;

const service = (name) => ({
  name,
  modulesRoot: DIRECTORY,
  modules: [
    { type: "ESModule", path: join(DIRECTORY, "counting.mjs"), contents: COUNTING },
    module("ESModule", "index.js"),
    module("CompiledWasm", "toolgate_bg.wasm"),
  ],
  compatibilityDate: "2026-11-17",
  bindings: { TOOLGATE_DEV_KEY: KEY },
  kvNamespaces: { TOOLGATE_KV: "TOOLGATE_KV" },
  durableObjects: {
    TOOLGATE_DURABLE: { className: "Durable", useSQLite: true, ...(name === OWNER ? {} : { scriptName: OWNER }) },
  },
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
});

let miniflare;
let addresses;

before(async () => {
  const names = Array.from({ length: ISOLATES }, (_, index) => `s${index}`);
  const options = { host: "127.0.0.1", port: 0, cf: false, handleStructuredLogs: () => {}, workers: names.map(service) };
  miniflare = new Miniflare(convertV4MiniflareOptions(options));
  await miniflare.ready;
  addresses = await Promise.all(names.map(async (name) => (await miniflare.unsafeGetDirectURL(name)).origin));
  // Starts each isolate; what that takes is another test's affair.
  for (const address of addresses) await ask(address);
});

after(() => {
  agent.destroy();
  return miniflare?.dispose();
});

// Not `fetch`, which takes more of the machine than what is tested: a limit is worth few questions only under much load.
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

const ask = (address) =>
  new Promise((resolve, reject) => {
    const options = { agent, headers: { authorization: `Bearer ${KEY}` } };
    const request = get(`${address}/v1/tools/Calc.Plus`, options, (response) => {
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers }));
      response.on("error", reject);
      response.resume();
    });
    request.on("error", reject);
  });

async function ownerCalls() {
  const owners = await miniflare.getDurableObjectNamespace("TOOLGATE_DURABLE", OWNER);
  return owners.get(owners.idFromName("rate/all")).asked_so_far();
}

/** The greatest number of requests admitted in any span beyond the rate times its length. */
function excess(times) {
  let level = 0;
  let most = 0;
  let last = times[0] ?? 0;
  for (const at of times.toSorted((a, b) => a - b)) {
    level = Math.max(0, level - ((at - last) / 1000) * RATE) + 1;
    most = Math.max(most, level);
    last = at;
  }
  return most;
}

test("sixteen isolates share a global limit", { timeout: 60_000 }, async () => {
  const admitted = [];
  const others = new Map();
  let requests = 0;
  const earlier = await ownerCalls();
  const start = performance.now();
  const end = start + SECONDS * 1000;
  const client = async (address) => {
    while (performance.now() < end) {
      const response = await ask(address);
      requests += 1;
      if (response.status === 200) {
        admitted.push(performance.now());
        continue;
      }
      const name = response.headers["toolgate-refusal"] ?? String(response.status);
      others.set(name, (others.get(name) ?? 0) + 1);
      assert.ok(response.headers["retry-after-ms"], name);
      // Asks again long before it was told to: a client that does not listen.
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  await Promise.all(addresses.flatMap((address) => Array.from({ length: CLIENTS }, () => client(address))));
  const took = (performance.now() - start) / 1000;
  const calls = (await ownerCalls()) - earlier;

  // As they arrive here: an answer may be late by as long as this machine is busy, so what was spread out may arrive together.
  // A second's worth is the slack for that; the bound itself is burst, leases and waiting requests.
  const bound = BURST + RATE * LEASE_S + ISOLATES * CLIENTS;
  const above = excess(admitted);
  const ideal = BURST + RATE * took;
  const perSecond = Array.from({ length: SECONDS }, (_, second) => {
    const from = start + second * 1000;
    return admitted.filter((at) => at >= from && at < from + 1000).length;
  });
  console.log(`requests ${requests}, admitted ${admitted.length} of ${Math.round(ideal)} (${((100 * admitted.length) / ideal).toFixed(1)} %), owner calls ${calls} (1 per ${Math.round(requests / calls)}), ${Math.round(above)} above the rate, bound ${bound}`);
  console.log(`admitted in each second: ${perSecond.join(" ")}; refused: ${JSON.stringify(Object.fromEntries(others))}`);

  assert.deepEqual([...others.keys()].filter((name) => name !== "rate_limited"), []);
  assert.ok(requests > 1.2 * ideal, "too little load to mean anything");
  assert.ok(above <= bound + RATE, `${above} above the rate`);
  assert.ok(admitted.length <= ideal + RATE * LEASE_S + ISOLATES * CLIENTS, `${admitted.length} admitted in all`);
  assert.ok(admitted.length >= 0.95 * ideal, `${admitted.length} admitted in all`);
  assert.ok(requests >= 50 * calls, `${calls} owner calls for ${requests} requests`);
});
