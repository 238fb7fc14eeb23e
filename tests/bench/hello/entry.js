import { fetch } from "./toolgate.js";

export default { fetch };
