// What the WASM asks of JavaScript. Nothing here throws into Rust, whose destructors an exception would skip.
import { fault } from "./fault.js";

export function answerBytes(status, fixed, own, body) {
  // The bytes are a view of the WASM's memory, which goes on changing: the one copy is made here.
  return answerWith(status, fixed, own, body.slice());
}

export function answerWith(status, fixed, own, body) {
  try {
    const response = new Response(body, { status, headers: prepared(fixed) });
    each(own, response.headers);
    return response;
  } catch (error) {
    return fault(error);
  }
}

/** Headers that many answers share: to copy a `Headers` costs half of what it costs to make one. */
const shared = new Map();
const SHARED_MOST = 256;

function prepared(lines) {
  let headers = shared.get(lines);
  if (headers === undefined) {
    headers = new Headers();
    each(lines, headers);
    if (shared.size < SHARED_MOST) shared.set(lines, headers);
  }
  return headers;
}

function each(lines, headers) {
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) headers.set(parts[at], parts[at + 1]);
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
