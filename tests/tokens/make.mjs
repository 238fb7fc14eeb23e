// Makes vectors.json: tokens that must be taken, and tokens that must not, each with the name of its refusal.
//
// Run by hand when a vector is added, in the repository: `npm ci && node tests/tokens/make.mjs`. The keys are made anew each
// time and thrown away; only the public ones are written down. Signatures are made by jose, and by node:crypto where jose is too
// careful to make them.
import { createHash, createHmac, createSign, generateKeyPairSync, sign as cryptoSign } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as jose from "jose";

import { attacks } from "./attacks.mjs";

/** The time of every vector, in seconds. */
const NOW = 1790000000;

export const b64 = (value) => Buffer.from(value).toString("base64url");
const json = (value) => b64(JSON.stringify(value));

const rsa = (modulusLength) => generateKeyPairSync("rsa", { modulusLength });
const ec = (namedCurve) => generateKeyPairSync("ec", { namedCurve });
const keys = {
  rsa: rsa(2048),
  rsa3072: rsa(3072),
  rsa4096: rsa(4096),
  pss: rsa(2048),
  p256: ec("P-256"),
  p384: ec("P-384"),
  p521: ec("P-521"),
  k256: ec("secp256k1"),
  ed: generateKeyPairSync("ed25519"),
  weak: rsa(1024),
  enc: rsa(2048),
  ops: ec("P-256"),
  others: ec("P-256"),
  google: rsa(2048),
  entra: rsa(2048),
  ci: rsa(2048),
  access: rsa(2048),
  stranger: rsa(2048),
  strangerEc: ec("P-256"),
  strangerEd: generateKeyPairSync("ed25519"),
};
const jwk = (name, more) => ({ ...keys[name].publicKey.export({ format: "jwk" }), ...more });

/** The key with which jose signs each algorithm of the issuer "corp", and its kid. */
export const SIGNERS = {
  RS256: ["rsa", "rsa-1"],
  RS384: ["rsa", "rsa-1"],
  RS512: ["rsa3072", "rsa-3072"],
  PS256: ["pss", "pss-1"],
  PS384: ["rsa", "rsa-1"],
  PS512: ["rsa4096", "rsa-4096"],
  ES256: ["p256", "p256-1"],
  ES384: ["p384", "p384-1"],
  EdDSA: ["ed", "ed-1"],
  Ed25519: ["ed", "ed-1"],
};

const jwks = {
  "https://corp.test/keys": {
    keys: [
      jwk("rsa", { kid: "rsa-1", use: "sig" }),
      jwk("rsa3072", { kid: "rsa-3072", use: "sig", alg: "RS512" }),
      jwk("rsa4096", { kid: "rsa-4096", key_ops: ["verify"] }),
      jwk("pss", { kid: "pss-1", use: "sig", alg: "PS256" }),
      jwk("p256", { kid: "p256-1", use: "sig", alg: "ES256", x5c: ["MIIB"] }),
      jwk("p384", { kid: "p384-1" }),
      jwk("ed", { kid: "ed-1", alg: "EdDSA" }),
      // Not to be used, each for its own reason.
      jwk("weak", { kid: "weak-1", use: "sig" }),
      jwk("enc", { kid: "enc-1", use: "enc" }),
      jwk("ops", { kid: "ops-1", key_ops: ["encrypt"] }),
      jwk("p521", { kid: "p521-1" }),
      jwk("k256", { kid: "k256-1" }),
      { kty: "oct", kid: "oct-1", k: b64("0123456789abcdef0123456789abcdef"), alg: "HS256" },
      { ...keys.stranger.privateKey.export({ format: "jwk" }), kid: "private-1" },
      { kty: "EC", crv: "P-256", kid: "off-curve-1", x: b64(Buffer.alloc(32, 1)), y: b64(Buffer.alloc(32, 2)) },
      { kty: "OKP", crv: "Ed25519", kid: "small-order-1", x: b64(Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])) },
      { kty: "RSA", kid: "exponent-1", n: jwk("rsa").n, e: "AQ" },
    ],
  },
  "https://keys.other.test/jwks.json": { keys: [jwk("others", { kid: "other-1" })] },
  "https://www.googleapis.com/oauth2/v3/certs": { keys: [jwk("google", { kid: "g-1", use: "sig", alg: "RS256" })] },
  "https://login.microsoftonline.com/common/discovery/v2.0/keys": {
    keys: [jwk("entra", { kid: "e-1", use: "sig", x5t: "e-1", issuer: "https://login.microsoftonline.com/{tenantid}/v2.0" })],
  },
  "https://token.actions.githubusercontent.com/.well-known/jwks": { keys: [jwk("ci", { kid: "ci-1", use: "sig", alg: "RS256" })] },
  "https://acme.cloudflareaccess.com/cdn-cgi/access/certs": {
    keys: [jwk("access", { kid: "a-1", use: "sig", alg: "RS256" })],
    public_cert: { kid: "a-1", cert: "-----BEGIN CERTIFICATE-----" },
    public_certs: [],
  },
};
const metadata = {
  "https://corp.test/realm/.well-known/openid-configuration": {
    issuer: "https://corp.test/realm",
    jwks_uri: "https://corp.test/keys",
    id_token_signing_alg_values_supported: ["RS256", "none"],
  },
};

export const CORP = {
  iss: "https://corp.test/realm",
  aud: "https://gate.test",
  sub: "alice",
  iat: NOW - 60,
  exp: NOW + 600,
};
export const OTHER = {
  iss: "https://other.test",
  aud: ["https://unrelated.test", "https://other-gate.test"],
  sub: "agent@globex.example",
  client_id: "agent-2",
  org: "globex",
  scope: "tools:read unknown",
  iat: NOW - 1,
  exp: NOW + 300,
};

/** A token as jose makes it. */
export const made = (claims, header, key) => new jose.SignJWT(claims).setProtectedHeader(header).sign(keys[key].privateKey);

/** A token of "corp" as jose makes it. */
export const corp = (claims = {}, alg = "RS256", header = {}) =>
  made({ ...CORP, ...claims }, { alg, kid: SIGNERS[alg][1], typ: "JWT", ...header }, SIGNERS[alg][0]);

/** Signs any text as an algorithm would, whatever it says. */
export function raw(input, alg, key, more = {}) {
  const hash = `sha${alg.slice(2)}`;
  const data = Buffer.from(input);
  if (alg.startsWith("Ed")) return cryptoSign(null, data, keys[key].privateKey);
  if (alg.startsWith("HS")) return createHmac(hash, key).update(data).digest();
  if (alg.startsWith("ES")) {
    return createSign(hash).update(data).sign({ key: keys[key].privateKey, dsaEncoding: "ieee-p1363", ...more });
  }
  const padding = alg.startsWith("PS") ? { padding: 6, saltLength: Number(alg.slice(2)) / 8 } : {};
  return createSign(hash).update(data).sign({ key: keys[key].privateKey, ...padding, ...more });
}

/** A token made by hand: header and claims are objects, or texts as they are to be signed. */
export function forged(header, claims, alg, key, more) {
  const text = (value) => (typeof value === "object" && !Buffer.isBuffer(value) ? json(value) : b64(value));
  const input = `${text(header)}.${text(claims)}`;
  return `${input}.${b64(raw(input, alg, key, more))}`;
}

const GOOGLE = {
  iss: "https://accounts.google.com",
  aud: "1234.apps.googleusercontent.com",
  azp: "1234.apps.googleusercontent.com",
  sub: "110169484474386276334",
  hd: "acme.example",
  email: "ada@acme.example",
  email_verified: true,
  iat: NOW,
  exp: NOW + 3600,
};
const TID = "11111111-2222-3333-4444-555555555555";
const ENTRA = {
  iss: `https://login.microsoftonline.com/${TID}/v2.0`,
  aud: "api://gate",
  tid: TID,
  sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
  roles: ["Gate.Operator"],
  preferred_username: "ada@acme.example",
  ver: "2.0",
  iat: NOW,
  nbf: NOW,
  exp: NOW + 3600,
};
const CI = {
  iss: "https://token.actions.githubusercontent.com",
  aud: "https://gate.test",
  sub: "repo:acme/agents:ref:refs/heads/main",
  repository: "acme/agents",
  ref: "refs/heads/main",
  iat: NOW,
  nbf: NOW - 300,
  exp: NOW + 300,
  jti: "example-id",
};
const ACCESS = {
  iss: "https://acme.cloudflareaccess.com",
  aud: ["f00d".repeat(16)],
  email: "ada@acme.example",
  type: "app",
  sub: "7335d417-61da-459d-899c-0a01c76a2f94",
  country: "DE",
  iat: NOW,
  nbf: NOW,
  exp: NOW + 86400,
};
export const PRESETS = {
  google: (claims) => made({ ...GOOGLE, ...claims }, { alg: "RS256", kid: "g-1", typ: "JWT" }, "google"),
  entra: (claims) => made({ ...ENTRA, ...claims }, { alg: "RS256", kid: "e-1", x5t: "e-1", typ: "JWT" }, "entra"),
  ci: (claims) => made({ ...CI, ...claims }, { alg: "RS256", kid: "ci-1", x5t: "x", typ: "JWT" }, "ci"),
  access: (claims) => made({ ...ACCESS, ...claims }, { alg: "RS256", kid: "a-1" }, "access"),
  other: (claims, header) => made({ ...OTHER, ...claims }, { alg: "ES256", kid: "other-1", typ: "at+jwt", ...header }, "others"),
};

/** A subject that no caller's name can hold. */
const digest = (text) => `sha256-${createHash("sha256").update(text).digest("hex")}`;

async function valid() {
  const found = [];
  const add = async (name, token, caller, more) => found.push({ name, token: await token, caller, ...more });
  for (const alg of Object.keys(SIGNERS)) await add(`jose ${alg}`, corp({}, alg), "corp:alice");
  for (const [alg, [key, kid]] of Object.entries(SIGNERS)) {
    await add(`node ${alg}`, forged({ alg, kid }, CORP, alg, key), "corp:alice");
  }
  await add("no typ", corp({}, "RS256", { typ: undefined }), "corp:alice");
  await add("access token", corp({}, "RS256", { typ: "at+jwt" }), "corp:alice");
  await add("long media type", corp({}, "RS256", { typ: "application/AT+JWT" }), "corp:alice");
  await add("x5t is no key", corp({}, "ES256", { x5t: "abc", "x5t#S256": "def" }), "corp:alice");
  await add("second audience", corp({ aud: ["https://unrelated.test", "https://gate.test/mcp"] }), "corp:alice");
  await add("expired within the leeway", corp({ exp: NOW - 29 }), "corp:alice");
  await add("not before within the leeway", corp({ nbf: NOW + 29, iat: NOW + 30 }), "corp:alice");
  await add("no iat", corp({ iat: undefined }), "corp:alice");
  await add("one key fits without kid", corp({}, "ES384", { kid: undefined }), "corp:alice");
  await add("a subject with blanks", corp({ sub: "Ada Lovelace" }), `corp:${digest("Ada Lovelace")}`);
  await add("a long subject", corp({ sub: "x".repeat(300) }), `corp:${digest("x".repeat(300))}`);
  await add("a subject like a digest", corp({ sub: "sha256-00" }), `corp:${digest("sha256-00")}`);
  await add("a subject in another script", corp({ sub: "αλίκη" }), `corp:${digest("αλίκη")}`);
  await add("every claim", corp({ email: "a@acme.example", email_verified: true, department: "x", level: 3, staff: true, teams: ["a", "b"] }),
    "corp:alice", { users: ["a@acme.example"], claims: ["department", "email", "level", "staff", "teams"] });
  await add("an address that nobody verified", corp({ email: "a@acme.example", email_verified: false }), "corp:alice", { users: [] });
  await add("a role by a path", corp({ realm_access: { roles: ["ops", "unknown"] } }), "corp:alice", { roles: ["reader", "operator"] });
  await add("unknown members", corp({ nonce: "n", nested: { deep: [1, 2.5, null, { x: "y" }] } }), "corp:alice");
  await add("other: scopes narrow", PRESETS.other(), "other:agent@globex.example",
    { tenant: "globex", users: ["agent@globex.example"], within: ["tools/list"] });
  await add("other: scopes as a list", PRESETS.other({ scope: undefined, scp: ["tools:call"] }), "other:agent@globex.example",
    { tenant: "globex", within: ["tools/call", "tools/list"] });
  await add("other: no scope gives nothing", PRESETS.other({ scope: undefined }), "other:agent@globex.example", { tenant: "globex", within: [] });
  await add("google", PRESETS.google(), "google:110169484474386276334", { users: ["ada@acme.example"] });
  await add("google: the older iss", PRESETS.google({ iss: "accounts.google.com" }), "google:110169484474386276334");
  await add("entra", PRESETS.entra(), `entra:${ENTRA.sub}`, { tenant: TID, roles: ["operator"], users: ["ada@acme.example"] });
  await add("github actions", PRESETS.ci(), `ci:${CI.sub}`);
  await add("cloudflare access", PRESETS.access(), `access:${ACCESS.sub}`, { users: ["ada@acme.example"] });
  return found;
}

const vectors = {
  about: "Made by make.mjs with jose and node:crypto. Tokens for tests; the private keys exist nowhere.",
  now: NOW * 1000,
  jwks,
  metadata,
  valid: await valid(),
  refused: await attacks({ NOW, keys, jwk }),
};
const names = vectors.refused.map((attack) => attack.name);
const twice = names.filter((name, index) => names.indexOf(name) !== index);
if (twice.length > 0) throw new Error(`two attacks have one name: ${twice}`);
writeFileSync(new URL("vectors.json", import.meta.url), `${JSON.stringify(vectors, null, 1)}\n`);
console.log(`${vectors.valid.length} valid, ${vectors.refused.length} refused`);
