// What the WASM says of itself when it starts.

export const known = {
  /** The most bytes of a request body. */
  bodyLimit: 0,
  /** The request headers to read, in the order of their values in a request's head. */
  requestHeaders: [],
  /** The response headers to report, in the order of their values in an origin's answer. */
  responseHeaders: [],
};
