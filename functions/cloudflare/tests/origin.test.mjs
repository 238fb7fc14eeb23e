// Outbound HTTP on real workerd: what is sent, what becomes of an answer that is compressed all the same, and how an exchange
// ends early.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const here = new URL(".", import.meta.url).pathname;
const TEXT = '{"output":{"value":"compressed, although nobody asked for it"}}';
const CODED = { gzip: gzipSync(TEXT), br: brotliCompressSync(TEXT) };

const ENTRY = `
  import { open, send } from "./origin.js";
  export default {
    async fetch(request) {
      const { way, url, timeout = 5000, abortAfter } = await request.json();
      const head = "GET\\n" + url + "\\naccept\\napplication/json";
      const nothing = new Uint8Array(0);
      const abort = new AbortController();
      if (abortAfter !== undefined) setTimeout(() => abort.abort(), abortAfter);
      const answer = await (way === "send" ? send(abort, head, nothing, timeout, 1000) : open(head, nothing, timeout));
      if (typeof answer === "number") return Response.json({ error: answer });
      const [status, , body] = answer;
      return new Response(body, { status });
    },
  };`;

let origin;
let seen;
let hung;
let worker;
let url;

before(async () => {
  origin = createServer((request, response) => {
    seen = request.headers;
    if (request.url === "/hung") return void response.once("close", () => (hung = true));
    const coding = request.url.slice(1);
    response.writeHead(200, { "content-type": "application/json", ...(coding && { "content-encoding": coding }) });
    response.end(CODED[coding] ?? TEXT);
  });
  await once(origin.listen(0, "127.0.0.1"), "listening");
  const bundle = await build({
    stdin: { contents: ENTRY, resolveDir: `${here}../js` },
    bundle: true,
    format: "esm",
    write: false,
  });
  const options = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-11-17",
    modules: true,
    script: bundle.outputFiles[0].text,
  };
  worker = new Miniflare(convertV4MiniflareOptions(options));
  url = await worker.ready;
});

after(async () => {
  // Where it did not start, the server below must still end, or the test never does.
  await worker?.dispose();
  origin.close();
  origin.closeAllConnections();
});

/** What the Worker says of one exchange with this path. */
async function exchange(path, asked) {
  const body = JSON.stringify({ ...asked, url: `http://127.0.0.1:${origin.address().port}/${path}` });
  // Miniflare itself would compress for a client that can read it.
  const headers = { "accept-encoding": "identity" };
  return await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(5_000) });
}

for (const way of ["send", "open"]) {
  test(`an answer is asked for as it is, and one that is compressed all the same is decoded (${way})`, async () => {
    for (const coding of ["", ...Object.keys(CODED)]) {
      const answer = await exchange(coding, { way });
      assert.equal(await answer.text(), TEXT);
      assert.equal(seen["accept-encoding"], "identity");
      assert.equal(answer.headers.get("content-encoding"), null);
    }
  });
}

for (const [how, asked] of [
  ["its time is over", { way: "send", timeout: 100 }],
  ["its time is over before its head (open)", { way: "open", timeout: 100 }],
  ["nobody waits any more", { way: "send", abortAfter: 100 }],
]) {
  test(`an exchange ends when ${how}, and its connection with it`, async () => {
    hung = false;
    const TIMEOUT = 1;
    assert.deepEqual(await (await exchange("hung", asked)).json(), { error: TIMEOUT });
    for (let tries = 0; !hung && tries < 100; tries += 1) await setTimeout(20);
    assert.ok(hung, "the other side still waits");
  });
}
