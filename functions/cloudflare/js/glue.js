// What the WASM asks of JavaScript. Nothing here throws into Rust, whose destructors an exception would skip.

export function answer(status, headers, body) {
  // The bytes are a view of the WASM's memory, which goes on changing: the one copy is made here.
  return answerWith(status, headers, body.slice());
}

export function answerWith(status, headers, body) {
  return new Response(body, { status, headers: pairs(headers) });
}

export function log(line) {
  console.log(line);
}

export function fill(bytes) {
  crypto.getRandomValues(bytes);
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function apply(owner, command, timeout) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("durable owner: timeout")), timeout);
  });
  try {
    return await Promise.race([owner.apply(command.slice()), late]);
  } finally {
    clearTimeout(timer);
  }
}

function pairs(lines) {
  const parts = lines.split("\n");
  const headers = {};
  for (let at = 0; at + 1 < parts.length; at += 2) headers[parts[at]] = parts[at + 1];
  return headers;
}
