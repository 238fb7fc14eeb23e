// Stands in for wasm-bindgen's bindings: a module that traps when it is told to, as a Rust panic does.
import module from "./trap.wasm";

let instance = 0;
let { trap } = new WebAssembly.Instance(module).exports;

export function __wbg_reset_state() {
  instance += 1;
  ({ trap } = new WebAssembly.Instance(module).exports);
}

export function start() {
  return [100, ["authorization"], []];
}

export function fetch(head, body, fate) {
  const path = new URL(head.split("\n")[1]).pathname;
  if (path === "/trap") trap();
  if (path === "/throw") throw new Error("not a trap");
  // The WASM runs in the reactions of promises, never in a timer's callback.
  if (path === "/later") return new Promise(() => after(5).then(trap));
  if (path === "/slow") return after(10_000).then(() => Response.json({}));
  return Response.json({ instance, head, body: new TextDecoder().decode(body), fate });
}

export function scheduled() {}

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function step() {
  trap();
}
