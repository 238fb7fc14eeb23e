// The Worker, and at `/memory` how many bytes its WASM memory has: what a host gives a module it never takes back.
import { memories } from "./instances.js";
import worker from "./index.js";

export * from "./index.js";
export default {
  ...worker,
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/memory") {
      return Response.json(memories.map((memory) => memory.buffer.byteLength));
    }
    return worker.fetch(request, env, context);
  },
};
