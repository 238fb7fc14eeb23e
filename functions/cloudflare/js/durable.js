// The durable owner: one object for each key. It keeps bytes and leaves what they mean to the core.
import { DurableObject } from "cloudflare:workers";
import * as gate from "toolgate-bindings";
import { notice, ready } from "./instance.js";

const STATE = "state";
/** Alarms are repeated for minutes where they fail. */
const OVERDUE_MS = 3_600_000;

export class Durable extends DurableObject {
  /**
   * Applies a command to the state and returns the reply. From the read to the write nothing is awaited, so no other
   * call comes between; the platform holds the reply back until the write is on disk.
   */
  apply(command) {
    const { storage } = this.ctx;
    const kept = storage.kv.get(STATE);
    const [state, expires, reply] = step(counts(kept) ? kept.state : undefined, command);
    if (state !== undefined) storage.kv.put(STATE, { state, expires, alarm: this.#alarm(kept?.alarm, expires) });
    return reply;
  }

  /** Deletes what has expired; what was written since comes up again when it does. */
  async alarm() {
    const { storage } = this.ctx;
    const kept = storage.kv.get(STATE);
    if (!counts(kept)) {
      await storage.deleteAll();
    } else if (kept.expires !== undefined) {
      storage.kv.put(STATE, { ...kept, alarm: this.#alarm(undefined, kept.expires) });
    }
  }

  /**
   * When the alarm is. One that comes early looks again, so it is set anew (which is a write that is paid for) only where
   * there is none, or it would come late, or it should have come long ago.
   */
  #alarm(set, expires) {
    if (expires === undefined || (set !== undefined && set <= expires && Date.now() < set + OVERDUE_MS)) return set;
    this.ctx.storage.setAlarm(expires);
    return expires;
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
