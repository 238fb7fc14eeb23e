// What the gateway's cached path asks of workerd, without the gateway: reads the request, writes a line, answers 1 KB.
const REQUEST_HEADERS = [
  "authorization", "x-api-key", "content-type", "accept", "idempotency-key", "cache-control", "origin", "traceparent",
];
const BODY = "x".repeat(1_200);
const LINE = "y".repeat(560);
const SHARED = new Headers({
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
});

export default {
  async fetch(request) {
    await request.arrayBuffer();
    let head = request.method + "\n" + request.url;
    for (const name of REQUEST_HEADERS) head += "\n" + (request.headers.get(name) ?? "");
    console.log(LINE);
    const response = new Response(BODY, { headers: SHARED });
    response.headers.set("cache-status", "toolgate; hit; ttl=3599; detail=memory");
    response.headers.set("x-request-id", "req_" + head.length);
    return response;
  },
};
