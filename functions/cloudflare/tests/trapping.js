// Stands in for wasm-bindgen's bindings: a module that traps when it is told to, as a Rust panic does.
import { log } from "../js/log.js";
import module from "./trap.wasm";

let instance = 0;
let finished = 0;
let { trap, deep } = new WebAssembly.Instance(module).exports;

export function __wbg_reset_state() {
  instance += 1;
  ({ trap, deep } = new WebAssembly.Instance(module).exports);
}

export function start() {
  return [100, ["authorization"], []];
}

export function fetch(head, body, fate) {
  const path = new URL(head.split("\n")[1]).pathname;
  if (path === "/trap") trap();
  if (path === "/deep") deep();
  if (path === "/log") log("a line of the log");
  if (path === "/throw") throw new Error("not a trap");
  // The WASM runs in the reactions of promises, never in a timer's callback.
  if (path === "/later") return new Promise(() => after(5).then(trap));
  if (path === "/slow") return after(10_000).then(() => Response.json({}));
  if (path === "/call") return after(300).then(() => Response.json({ finished: (finished += 1) }));
  return Response.json({ instance, finished, head, body: text(body), fate });
}

export function scheduled() {}

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const realNow = Date.now;

/** A command is JSON: `{keep, for}` stores a text, `{later}` sets the clock. The reply is what was stored. */
export function step(state, command) {
  if (command.length === 1) trap();
  const { keep, for: life, later } = JSON.parse(text(command));
  if (later !== undefined) Date.now = () => realNow() + later;
  const next = keep === undefined ? undefined : new TextEncoder().encode(keep);
  return [next, life === undefined ? undefined : Date.now() + life, state ?? new Uint8Array()];
}

const text = (bytes) => new TextDecoder().decode(bytes);
