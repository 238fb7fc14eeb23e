// When the lines of the log are written. `node --test functions/cloudflare/tests/*.mjs`
import assert from "node:assert/strict";
import { test } from "node:test";

/** A new isolate: its `log`, its `writeSoon`, what was written, and the jobs that the platform was told of. */
async function isolate(t) {
  const written = [];
  t.mock.method(console, "log", (line) => written.push(line));
  const { log, writeSoon } = await import(`../js/log.js?${Math.random()}`);
  const jobs = [];
  return { log, writeSoon, written, jobs, ctx: { waitUntil: (job) => jobs.push(job) } };
}

test("the first lines wait a moment, keep their order, and later ones do not wait", async (t) => {
  const { log, writeSoon, written, jobs, ctx } = await isolate(t);
  log("at start");
  writeSoon(ctx);
  log("of the first request");
  assert.deepEqual(written, []);
  await Promise.all(jobs);
  assert.deepEqual(written, ["at start", "of the first request"]);
  log("of the second");
  assert.deepEqual(written, ["at start", "of the first request", "of the second"]);
});

test("one request has them written", async (t) => {
  const { writeSoon, jobs, ctx } = await isolate(t);
  writeSoon(ctx);
  writeSoon(ctx);
  await Promise.all(jobs);
  writeSoon(ctx);
  assert.equal(jobs.length, 1);
});

test("many lines do not wait for a moment that may never come", async (t) => {
  const { log, writeSoon, written, jobs, ctx } = await isolate(t);
  writeSoon({ waitUntil: () => {} });
  for (let line = 1; line < 16; line += 1) log(line);
  assert.equal(written.length, 0);
  log(16);
  assert.equal(written.length, 16);
  log(17);
  assert.deepEqual(written, Array.from({ length: 17 }, (_, at) => at + 1));
  writeSoon(ctx);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(written.length, 17, "nothing is written twice");
  assert.equal(jobs.length, 0);
});
