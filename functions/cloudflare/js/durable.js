// The durable owner: one object for each key. It keeps bytes and leaves what they mean to the core.
import { DurableObject } from "cloudflare:workers";
import * as gate from "toolgate-bindings";
import { notice, ready } from "./instance.js";

const STATE = "state";

export class Durable extends DurableObject {
  /**
   * Applies a command to the state and returns the reply. From the read to the write nothing is awaited, so no other
   * call comes between; the platform holds the reply back until the write is on disk.
   */
  apply(command) {
    const { storage } = this.ctx;
    const kept = storage.kv.get(STATE);
    const [state, expires, reply] = step(counts(kept) ? kept.state : undefined, command);
    if (state !== undefined) {
      storage.kv.put(STATE, { state, expires });
      if (expires !== undefined) storage.setAlarm(expires);
    }
    return reply;
  }

  /** The state has expired. */
  async alarm() {
    await this.ctx.storage.deleteAll();
  }
}

/** Whether what is stored still counts. An alarm may be late, so the time is compared, as on every other platform. */
function counts(kept) {
  return kept !== undefined && (kept.expires === undefined || Date.now() < kept.expires);
}

function step(state, command) {
  try {
    ready();
    return gate.step(state, command);
  } catch (error) {
    notice(error);
    throw error;
  }
}
