// The Worker's entry on real workerd, with a stand-in for the WASM: bodies, callers that hang up, what a trap leaves behind,
// and the durable owner. `node --test functions/cloudflare/tests/*.mjs`
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const here = new URL(".", import.meta.url).pathname;

// (module (func (export "trap") unreachable) (func (export "deep") call 1))
const TRAP = [
  [0, 97, 115, 109, 1, 0, 0, 0],
  [1, 4, 1, 96, 0, 0],
  [3, 3, 2, 0, 0],
  [7, 15, 2, 4, 116, 114, 97, 112, 0, 0, 4, 100, 101, 101, 112, 0, 1],
  [10, 10, 2, 3, 0, 0, 11, 4, 0, 16, 1, 11],
].flat();

let directory;
let worker;
let url;
let printed = "";

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "toolgate-entry-"));
  await writeFile(join(directory, "trap.wasm"), Uint8Array.from(TRAP));
  await build({
    entryPoints: [join(here, "../js/entry.js")],
    outfile: join(directory, "index.js"),
    bundle: true,
    format: "esm",
    external: ["*.wasm", "cloudflare:*"],
    alias: { "toolgate-bindings": join(here, "trapping.js") },
  });
  const options = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-11-17",
    modulesRoot: directory,
    modules: [
      { type: "ESModule", path: join(directory, "index.js") },
      { type: "CompiledWasm", path: join(directory, "trap.wasm") },
    ],
    durableObjects: { TOOLGATE_DURABLE: { className: "Durable", useSQLite: true } },
    handleStructuredLogs: ({ message }) => (printed += message + "\n"),
  };
  worker = new Miniflare(convertV4MiniflareOptions(options));
  url = await worker.ready;
});

after(async () => {
  await worker?.dispose();
  await rm(directory, { recursive: true });
});

const get = (path) => fetch(new URL(path, url), { signal: AbortSignal.timeout(5_000) });
const state = async () => (await get("/")).json();
const instance = async () => (await state()).instance;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function isFault(response) {
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("toolgate-refusal"), "gateway_fault");
  const body = await response.json();
  assert.equal(body.name, "gateway_fault");
  assert.equal(body.request_id, response.headers.get("x-request-id"));
}

test("the first line of the log is written, though no other request comes", async () => {
  await get("/log");
  for (let tries = 0; tries < 100 && !printed.includes("a line of the log"); tries += 1) await pause(50);
  assert.ok(printed.includes("a line of the log"));
});

for (const path of ["/trap", "/later", "/deep"]) {
  test(`a trap (${path}) is answered with an error, and the next request has a new instance`, async () => {
    const old = await instance();
    await isFault(await get(path));
    assert.equal(await instance(), old + 1);
    assert.equal(await instance(), old + 1);
  });
}

test("an error that is no trap is answered, and the instance stays", async () => {
  const old = await instance();
  await isFault(await get("/throw"));
  assert.equal(await instance(), old);
});

test("a trap also ends the requests that the lost instance would have answered", async () => {
  const waiting = get("/slow");
  await pause(100);
  await isFault(await get("/trap"));
  await isFault(await waiting);
});

test("a trap in a durable owner rejects its caller and is followed by a new instance", async () => {
  const old = await instance();
  const owner = await ownerOf("key");
  await assert.rejects(async () => owner.apply(new Uint8Array(1)));
  assert.equal(await instance(), old + 1);
});

async function ownerOf(key) {
  const owners = await worker.getDurableObjectNamespace("TOOLGATE_DURABLE");
  return owners.get(owners.idFromName(key));
}

async function apply(owner, command) {
  return new TextDecoder().decode(await owner.apply(new TextEncoder().encode(JSON.stringify(command))));
}

test("an alarm that comes before the end looks again, and the one at the end deletes", async () => {
  const owner = await ownerOf("alarm");
  await apply(owner, { keep: "a", for: 200 });
  await apply(owner, { keep: "b", for: 1_200 });
  await pause(600);
  assert.equal(await apply(owner, {}), "b", "the alarm was that of the first state");
  for (let tries = 0; tries < 100 && (await isKept(owner)); tries += 1) await pause(100);
  assert.ok(!(await isKept(owner)));
});

/** Whether a state is stored, expired or not. */
async function isKept(owner) {
  await apply(owner, { later: -60_000 });
  const kept = await apply(owner, {});
  await apply(owner, { later: 0 });
  return kept !== "";
}

test("a state that has expired does not count, even where the alarm that deletes it is late", async () => {
  const owner = await ownerOf("expiry");
  const ask = (command) => apply(owner, command);
  await ask({ keep: "a", for: 60_000 });
  await ask({ later: 59_000 });
  assert.equal(await ask({}), "a");
  await ask({ later: 60_001 });
  assert.equal(await ask({}), "");
  await ask({ keep: "b" });
  await ask({ later: 9e9 });
  assert.equal(await ask({}), "b", "a state without an end counts for ever");
  await ask({ later: 0 });
});

test("a call is finished and recorded though its caller hangs up", async () => {
  const { finished } = await state();
  const socket = connect(Number(url.port), "127.0.0.1", () => socket.write("GET /call HTTP/1.1\r\nHost: h\r\n\r\n"));
  await pause(100);
  // workerd takes a connection whose other side is only closed for one that still reads.
  socket.resetAndDestroy();
  await pause(600);
  assert.equal((await state()).finished, finished + 1);
});

/** Sends raw bytes, and resolves to what was received when the server closes or falls silent. */
function raw(text) {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(Number(url.port), "127.0.0.1", () => socket.write(text));
    socket.setTimeout(300, () => socket.destroy());
    socket.on("data", (data) => (received += data));
    socket.on("close", () => resolve(received));
    socket.on("error", reject);
  });
}

const post = (headers, body) => raw(`POST /a?b=%20 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${headers}\r\n\r\n${body}`);

test("a body is read whole, with a declared length and without", async () => {
  assert.match(await post("Content-Length: 3", "abc"), /"body":"abc","fate":0/);
  assert.match(await post("Transfer-Encoding: chunked", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), /"body":"abc","fate":0/);
  assert.match(await post("Content-Length: 0", ""), /"body":"","fate":0/);
});

test("a body of GET or HEAD has no meaning", async () => {
  for (const body of ["Content-Length: 3\r\n\r\nabc", "Content-Length: 101\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n!"]) {
    assert.match(await raw(`GET /a HTTP/1.1\r\nHost: h\r\n${body}`), /"body":"","fate":0/);
    assert.match(await raw(`HEAD /a HTTP/1.1\r\nHost: h\r\n${body}`), /200 OK/);
  }
});

test("a body over the limit is refused: unread where its length is declared, else while it arrives", async () => {
  assert.match(await post("Content-Length: 101", ""), /"body":"","fate":1/);
  const chunk = `65\r\n${"x".repeat(101)}\r\n`;
  assert.match(await post("Transfer-Encoding: chunked", chunk), /"body":"","fate":1/);
});

test("a head is the method, the URL as it was sent, and the headers in their order", async () => {
  const head = /"head":"POST\\nhttp:\/\/h\/a\?b=%20\\nkey"/;
  assert.match(await post("Authorization: key\r\nContent-Length: 0", ""), head);
  assert.match(await post("Content-Length: 0", ""), /\/a\?b=%20\\n"/);
});
