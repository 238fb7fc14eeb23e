// The answer and the record of a request that the WASM could not end itself: the core's refusal `gateway_fault`.

export function fault(error) {
  const requestId = "req_" + crypto.randomUUID().replaceAll("-", "");
  const message = "The gateway failed: report this request's id to the operator, who finds the fault in the log.";
  const record = {
    timestamp: new Date().toISOString(),
    request_id: requestId,
    operation: "",
    outcome: "gateway_fault",
    "http.response.status_code": 500,
    message,
    detail: String(error?.stack ?? error),
  };
  console.error(JSON.stringify(record));
  const headers = {
    "cache-control": "no-store",
    "toolgate-refusal": "gateway_fault",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    "x-should-retry": "false",
  };
  return Response.json({ name: "gateway_fault", message, request_id: requestId }, { status: 500, headers });
}
