// Outbound HTTP on real workerd: what is sent, and what becomes of an answer that is compressed all the same.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const here = new URL(".", import.meta.url).pathname;
const TEXT = '{"output":{"value":"compressed, although nobody asked for it"}}';
const CODED = { gzip: gzipSync(TEXT), br: brotliCompressSync(TEXT) };

const ENTRY = `
  import { open, send } from "./origin.js";
  export default {
    async fetch(request) {
      const { way, url } = await request.json();
      const head = "GET\\n" + url + "\\naccept\\napplication/json";
      const [status, , body] = await (way === "send" ? send(head, new Uint8Array(0), 5000, 1000) : open(head, new Uint8Array(0), 5000));
      return new Response(body, { status });
    },
  };`;

let origin;
let seen;
let worker;
let url;

before(async () => {
  origin = createServer((request, response) => {
    seen = request.headers;
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
  worker = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-04-20",
    modules: true,
    script: bundle.outputFiles[0].text,
  });
  url = await worker.ready;
});

after(async () => {
  await worker.dispose();
  origin.close();
  origin.closeAllConnections();
});

for (const way of ["send", "open"]) {
  test(`an answer is asked for as it is, and one that is compressed all the same is decoded (${way})`, async () => {
    for (const coding of ["", ...Object.keys(CODED)]) {
      const asked = JSON.stringify({ way, url: `http://127.0.0.1:${origin.address().port}/${coding}` });
      // Miniflare itself would compress for a client that can read it.
      const headers = { "accept-encoding": "identity" };
      const answer = await fetch(url, { method: "POST", headers, body: asked, signal: AbortSignal.timeout(5_000) });
      assert.equal(await answer.text(), TEXT);
      assert.equal(seen["accept-encoding"], "identity");
      assert.equal(answer.headers.get("content-encoding"), null);
    }
  });
}
