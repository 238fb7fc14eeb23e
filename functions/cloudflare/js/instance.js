// The running instance of the WASM, and what happens when it traps: a panic, an exhausted memory or stack. The core is
// written so that none of it can happen; if it does, every request under way gets an error, and the next one a new
// instance.
import * as gate from "toolgate-bindings";
import { known } from "./known.js";

let isUsable = false;
let isFirst = true;

/** The rejections of the promises that the running instance has still to settle. */
const waiting = new Set();

addEventListener("error", (event) => notice(event.error));
addEventListener("unhandledrejection", (event) => notice(event.reason));

/** Starts the instance, or starts afresh where the last call left it unusable: its memory may be half written. */
export function ready() {
  if (isUsable) return;
  if (!isFirst) gate.__wbg_reset_state();
  isFirst = false;
  [known.bodyLimit, known.requestHeaders, known.responseHeaders] = gate.start();
  isUsable = true;
}

/**
 * Takes note of a trap; other errors leave the instance as it was. V8 reports an exhausted stack as a `RangeError`, which
 * skips Rust's destructors as a trap does; nothing else of ours throws one.
 */
export function notice(error) {
  if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return;
  isUsable = false;
  for (const reject of waiting) reject(error);
  waiting.clear();
}

/** The same promise, except that it rejects when the instance traps, which would leave it pending for ever. */
export function surviving(promise) {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    promise.then(resolve, reject).finally(() => waiting.delete(reject));
  });
}
