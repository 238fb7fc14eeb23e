// Reading a request body whose length was not declared: counted while it arrives.

/** What became of a body; the numbers stand in src/request.rs too. */
export const WHOLE = 0;
export const TOO_LARGE = 1;
export const BROKEN = 2;

export const NOTHING = new Uint8Array(0);

/** Reads `stream` up to `limit` bytes and resolves to `[bytes, fate]`; never rejects. */
export async function collect(stream, limit) {
  const chunks = [];
  let length = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return [joined(chunks, length), WHOLE];
      length += value.byteLength;
      if (length > limit) {
        // What remains is not waited for; whether the sender goes on is its own affair.
        reader.cancel().catch(() => {});
        return [NOTHING, TOO_LARGE];
      }
      chunks.push(value);
    }
  } catch {
    return [NOTHING, BROKEN];
  }
}

function joined(chunks, length) {
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
