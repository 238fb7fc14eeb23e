// Where the lines of the log go. The first `console.log` of an isolate loads what formats objects, for milliseconds: so the
// lines of its first request wait a moment, in which that is answered, or waits for somebody itself.

const MOMENT_MS = 1;
/** So many lines do not wait any longer: the moment may never come, where the platform ends its request. */
const MOST = 16;

/** The lines that wait; `undefined` as soon as none has to. */
let waiting = [];
let isSet = false;

export function log(line) {
  if (waiting === undefined) console.log(line);
  else if (waiting.push(line) === MOST) write();
}

/** Has the lines written that wait, on the time of this request or job: called before it begins. */
export function writeSoon(ctx) {
  if (isSet) return;
  isSet = true;
  ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, MOMENT_MS)).then(write));
}

function write() {
  const lines = waiting ?? [];
  waiting = undefined;
  for (const line of lines) console.log(line);
}
