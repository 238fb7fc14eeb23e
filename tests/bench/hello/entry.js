import module from "./hello_bg.wasm";
import { fetch, initSync } from "./hello.js";
initSync({ module });
export default { fetch };
