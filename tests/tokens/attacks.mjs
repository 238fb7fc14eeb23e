// Tokens and headers that must be refused, each with the name of its refusal.
import * as jose from "jose";

import { CORP, OTHER, PRESETS, SIGNERS, b64, corp, forged, made, raw } from "./make.mjs";

const MALFORMED = "token_malformed";
const ALGORITHM = "token_algorithm_refused";
const HEADER = "token_header_forbidden";
const SIGNATURE = "token_signature_invalid";
const KEY = "token_key_unknown";
const AUDIENCE = "token_audience_wrong";
const CLAIMS = "token_claims_invalid";
const CREDENTIAL = "credential_malformed";

const found = [];

/** An attack whose whole credential is one token. */
const add = async (name, refusal, token) => found.push({ name, refusal, headers: { authorization: `Bearer ${await token}` } });
const parts = (token) => token.split(".");

export async function attacks(world) {
  await noAlgorithm();
  await symmetric(world);
  await relabelled();
  await claims(world);
  await keyNames();
  await headerMembers(world);
  await form();
  await json();
  await flips();
  await signatures(world);
  await acrossIssuers(world);
  await presets(world);
  await smuggled();
  return found;
}

async function noAlgorithm() {
  const [, body, signature] = parts(await corp());
  for (const alg of ["none", "None", "NONE", "nOnE", "", "null", "RS256 ", "rs256", "RSA256"]) {
    const header = b64(JSON.stringify({ alg, typ: "JWT", kid: "rsa-1" }));
    await add(`alg "${alg}" without a signature`, ALGORITHM, `${header}.${body}.`);
    await add(`alg "${alg}" with another's signature`, ALGORITHM, `${header}.${body}.${signature}`);
  }
  for (const alg of [null, 0, true, ["RS256"], { alg: "RS256" }, undefined]) {
    await add(`alg is ${JSON.stringify(alg)}`, ALGORITHM, forged({ alg, kid: "rsa-1" }, CORP, "RS256", "rsa"));
  }
  for (const alg of ["ES512", "ES256K", "RS1", "dir", "RSA-OAEP", "A128KW", "ML-DSA-44", "EdDSA448", "PBES2-HS256+A128KW"]) {
    await add(`alg ${alg} is on no list`, ALGORITHM, forged({ alg, kid: "rsa-1" }, CORP, "RS256", "rsa"));
  }
  await add("jose: an unsecured token", ALGORITHM, new jose.UnsecuredJWT(CORP).encode());
}

async function symmetric({ keys, jwk }) {
  const pem = keys.rsa.publicKey.export({ type: "spki", format: "pem" });
  const secrets = {
    PEM: pem,
    "PEM without its last line break": pem.trimEnd(),
    "PEM in one line": pem.replaceAll("\n", ""),
    "PKCS#1 PEM": keys.rsa.publicKey.export({ type: "pkcs1", format: "pem" }),
    DER: keys.rsa.publicKey.export({ type: "spki", format: "der" }),
    JWK: JSON.stringify(jwk("rsa", { kid: "rsa-1", use: "sig" })),
    modulus: Buffer.from(jwk("rsa").n, "base64url"),
    "modulus as text": jwk("rsa").n,
    "the published symmetric key": "0123456789abcdef0123456789abcdef",
    nothing: "",
  };
  for (const [name, secret] of Object.entries(secrets)) {
    const kid = name === "the published symmetric key" ? "oct-1" : "rsa-1";
    await add(`HS256 under the public key: ${name}`, ALGORITHM, forged({ alg: "HS256", kid }, CORP, "HS256", secret));
  }
  for (const alg of ["HS384", "HS512"]) await add(`${alg} under the public key`, ALGORITHM, forged({ alg }, CORP, alg, pem));
  await add("RS256 in the header, HMAC under the public key", SIGNATURE,
    forgedWith({ alg: "RS256", kid: "rsa-1" }, CORP, (input) => raw(input, "HS256", pem)));
  await add("ES256 in the header, HMAC under the point", SIGNATURE,
    forgedWith({ alg: "ES256", kid: "p256-1" }, CORP, (input) => raw(input, "HS512", Buffer.from(jwk("p256").x, "base64url"))));
}

/** A token whose signature is whatever `sign` makes of its input. */
function forgedWith(header, claims, sign) {
  const input = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(claims))}`;
  return `${input}.${b64(sign(input))}`;
}

async function relabelled() {
  const signed = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "RS512"];
  for (const [from, to] of signed.flatMap((from) => signed.map((to) => [from, to])).filter(([from, to]) => from !== to)) {
    const [key, kid] = SIGNERS[from];
    // The key of that name is for another algorithm, unless it is an RSA key that is for all.
    const fits = kid === "rsa-1" && /^[RP]S/.test(to);
    await add(`signed as ${from}, says ${to}`, fits ? SIGNATURE : KEY, forged({ alg: to, kid }, CORP, from, key));
  }
  for (const [alg, key] of [["RS256", "stranger"], ["PS512", "stranger"], ["ES256", "strangerEc"], ["EdDSA", "strangerEd"]]) {
    await add(`${alg} by a stranger`, SIGNATURE, forged({ alg, kid: SIGNERS[alg][1] }, CORP, alg, key));
  }
  await add("a 1024 bit key that the issuer publishes", KEY, forged({ alg: "RS256", kid: "weak-1" }, CORP, "RS256", "weak"));
  await add("a key for encryption", KEY, forged({ alg: "RS256", kid: "enc-1" }, CORP, "RS256", "enc"));
  await add("a key whose operations do not verify", KEY, forged({ alg: "ES256", kid: "ops-1" }, CORP, "ES256", "ops"));
  await add("a private key that the issuer publishes", KEY, forged({ alg: "RS256", kid: "private-1" }, CORP, "RS256", "stranger"));
  await add("a point that is not on the curve", SIGNATURE, forged({ alg: "ES256", kid: "off-curve-1" }, CORP, "ES256", "p256"));
  await add("a P-521 key under ES256", KEY, forged({ alg: "ES256", kid: "p521-1" }, CORP, "ES256", "p521"));
  await add("a secp256k1 key under ES256", KEY, forged({ alg: "ES256", kid: "k256-1" }, CORP, "ES256", "k256"));
  await add("an RSA key with exponent 1", KEY, forgedWith({ alg: "RS256", kid: "exponent-1" }, CORP, () => Buffer.alloc(256, 1)));
}

async function claims({ NOW }) {
  const claim = async (name, refusal, changed) => add(name, refusal, corp(changed, "ES256"));
  const by = async (name, refusal, changed) =>
    add(name, refusal, forged({ alg: "ES256", kid: "p256-1" }, { ...CORP, ...changed }, "ES256", "p256"));
  for (const aud of ["https://gate.test/", "https://GATE.test", "https://gate.test.evil.test", " https://gate.test", "", "*",
    "https://gate.test,https://x.test", ["https://unrelated.test"], [], ["https://other-gate.test"], undefined, "1234.apps.googleusercontent.com"]) {
    await by(`aud is ${JSON.stringify(aud)}`, AUDIENCE, { aud });
  }
  for (const aud of [null, 1, true, { "https://gate.test": true }, ["https://gate.test", 1], [["https://gate.test"]], Array(65).fill("https://gate.test")]) {
    await by(`aud is ${JSON.stringify(aud).slice(0, 60)}`, CLAIMS, { aud });
  }
  for (const iss of ["https://corp.test/realm/", "https://corp.test", "HTTPS://corp.test/realm", "https://corp.test/realm\u0000", "corp",
    "https://corp.test/realm ", "https://corp.test/realm/../realm", "https://corp.test:443/realm", "", "*", undefined, null, 1, ["https://corp.test/realm"]]) {
    await by(`iss is ${JSON.stringify(iss)}`, "token_issuer_unknown", { iss });
  }
  for (const exp of [NOW - 30, NOW - 31, NOW - 86400, 0, 1]) await by(`exp is ${exp}`, "token_expired", { exp });
  for (const exp of [undefined, null, `${NOW + 600}`, true, [NOW + 600], { at: NOW + 600 }, -1, 4294967296, 1e20]) {
    await by(`exp is ${JSON.stringify(exp)}`, CLAIMS, { exp });
  }
  const text = (exp) => `{"iss":"${CORP.iss}","aud":"${CORP.aud}","sub":"alice","exp":${exp}}`;
  for (const exp of [`${NOW + 600}.5`, `${NOW + 600}.0`, "1.79e9", "1e400", "18446744073709551616", "-0.1", `${"9".repeat(40)}`]) {
    const refusal = exp.length > 32 ? MALFORMED : CLAIMS;
    await add(`exp is written ${exp}`, refusal, forged({ alg: "ES256", kid: "p256-1" }, text(exp), "ES256", "p256"));
  }
  await claim("nbf lies ahead", "token_not_yet_valid", { nbf: NOW + 31 });
  await claim("iat lies ahead", "token_not_yet_valid", { iat: NOW + 31 });
  await by("nbf is a text", CLAIMS, { nbf: "soon" });
  await by("nbf is null", CLAIMS, { nbf: null });
  await by("iat is a fraction", CLAIMS, { iat: NOW - 0.5 });
  for (const sub of [undefined, null, "", true, ["alice"], { id: 1 }, 1.5]) await by(`sub is ${JSON.stringify(sub)}`, CLAIMS, { sub });
  await by("too many roles", CLAIMS, { realm_access: { roles: Array(65).fill("ops") } });
  await by("a role is no text", CLAIMS, { realm_access: { roles: ["ops", { admin: true }] } });
  await by("a user with a control character", CLAIMS, { email: "a@acme.example\n" });
  await by("a user who is everybody", CLAIMS, { email: "*" });
  await by("jti is a number", CLAIMS, { jti: 1 });
  await by("nonce is a list", CLAIMS, { nonce: ["n"] });
}

async function keyNames() {
  for (const kid of ["rsa-2", "../../../../dev/null", "/etc/passwd", "rsa-1' OR '1'='1", "rsa-1; DROP TABLE keys", "RSA-1", "rsa-1 ", " rsa-1",
    "rsa-1\u0000", "https://evil.test/key", "${jndi:ldap://evil.test}", "|cat /etc/passwd", "rsa‑1", "weak-1\nrsa-1"]) {
    await add(`kid is ${JSON.stringify(kid)}`, KEY, corp({}, "RS256", { kid }));
  }
  for (const kid of [null, 1, true, ["rsa-1"], { kid: "rsa-1" }, "", "x".repeat(257)]) {
    await add(`kid is ${JSON.stringify(kid).slice(0, 30)}`, MALFORMED, forged({ alg: "RS256", kid }, CORP, "RS256", "rsa"));
  }
  await add("no kid where several keys fit", KEY, corp({}, "RS256", { kid: undefined }));
}

async function headerMembers({ jwk }) {
  const stranger = jwk("stranger", { kid: "rsa-1" });
  const certificate = "MIIBszCCAVmgAwIBAgIUQ";
  const members = {
    jku: "https://evil.test/jwks.json",
    jwk: stranger,
    x5u: "https://evil.test/cert.pem",
    x5c: [certificate],
    crit: ["exp"],
    b64: true,
    zip: "DEF",
    enc: "A128GCM",
    epk: jwk("strangerEc"),
  };
  for (const [name, value] of Object.entries(members)) {
    await add(`header with ${name}, by a stranger`, HEADER, forged({ alg: "RS256", kid: "rsa-1", [name]: value }, CORP, "RS256", "stranger"));
  }
  for (const [name, value] of [["jku", "https://corp.test/keys"], ["jku", ""], ["jwk", null], ["crit", []], ["b64", false], ["x5c", []], ["x5u", {}]]) {
    await add(`header with ${name} ${JSON.stringify(value)}`, HEADER, forged({ alg: "RS256", kid: "rsa-1", [name]: value }, CORP, "RS256", "rsa"));
  }
  for (const typ of ["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "", 1, null, ["JWT"], "at+jwt+x"]) {
    await add(`typ is ${JSON.stringify(typ)}`, "token_type_refused", forged({ alg: "RS256", kid: "rsa-1", typ }, CORP, "RS256", "rsa"));
  }
}

async function form() {
  const token = await corp();
  const [header, body, signature] = parts(token);
  await add("two parts and a dot more", MALFORMED, `${header}.${body}.${signature}.`);
  await add("four parts", MALFORMED, `${token}.${signature}`);
  await add("six parts", MALFORMED, `${token}.a.b.c`);
  await add("an encrypted token", "token_encrypted", `${header}.${body}.${signature}.AAAA.AAAA`);
  const recipient = await jose.generateKeyPair("RSA-OAEP-256");
  const encrypted = new jose.EncryptJWT(CORP).setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM" }).encrypt(recipient.publicKey);
  await add("an encrypted token of jose", "token_encrypted", encrypted);
  await add("no claims", MALFORMED, `${header}..${signature}`);
  await add("no signature", SIGNATURE, `${header}.${body}.`);
  await add("longer than a token may be", "token_too_large", corp({ filler: "x".repeat(6200) }));
  await add("much longer than a token may be", "token_too_large", `${header}.${"A".repeat(60000)}.${signature}`);
  for (const [name, at] of [["header", 0], ["claims", 1], ["signature", 2]]) {
    const changed = (change) => parts(token).map((part, index) => (index === at ? change(part) : part)).join(".");
    await add(`the ${name} is padded`, MALFORMED, changed((part) => `${part}=`));
    await add(`the ${name} has a letter of standard base64`, MALFORMED, changed((part) => `${part.slice(0, -2)}+/`));
    await add(`the ${name} has a letter of no alphabet`, MALFORMED, changed((part) => `${part.slice(0, -1)}~`));
    await add(`the ${name} has one letter too many`, MALFORMED, changed((part) => `${part}${"A".repeat((5 - (part.length % 4)) % 4)}`));
    await add(`the ${name} has bits of no byte`, MALFORMED, changed((part) => loose(part)));
    for (const left of [0.25, 0.5, 0.9]) {
      const cut = (part) => part.slice(0, Math.floor((part.length * left) / 4) * 4);
      await add(`the ${name} is cut at ${left}`, at === 2 ? SIGNATURE : MALFORMED, changed(cut));
    }
  }
  await add("the flattened form", "credential_malformed", JSON.stringify({ protected: header, payload: body, signature }));
}

/** The part with a bit set that no byte has: a letter is taken off where there is none. */
function loose(part) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const free = part.length % 4 === 0 ? part.slice(0, -1) : part;
  return `${free.slice(0, -1)}${letters[letters.indexOf(free.at(-1)) | 1]}`;
}

async function json() {
  const by = (name, refusal, header, claims) =>
    add(name, refusal, forged(header ?? { alg: "ES256", kid: "p256-1" }, claims ?? CORP, "ES256", "p256"));
  const text = JSON.stringify(CORP);
  const more = (member) => `${text.slice(0, -1)},${member}}`;
  await by("alg twice", MALFORMED, '{"alg":"none","alg":"ES256","kid":"p256-1"}');
  await by("kid twice", MALFORMED, '{"alg":"ES256","kid":"p256-1","kid":"x"}');
  await by("alg twice, once escaped", MALFORMED, '{"alg":"ES256","kid":"p256-1","\\u0061lg":"none"}');
  for (const member of ['"iss":"https://other.test"', '"aud":"https://x.test"', '"exp":9999999999', '"sub":"root"', '"\\u0073ub":"root"']) {
    await by(`claims with a second ${member.split(":")[0]}`, MALFORMED, null, more(member));
  }
  await by("claims nested too deeply", MALFORMED, null, more(`"x":${"[".repeat(500)}${"]".repeat(500)}`));
  await by("claims of too many values", MALFORMED, null, more(`"x":[${"0,".repeat(600)}0]`));
  await by("a header nested too deeply", MALFORMED, `{"alg":"ES256","kid":"p256-1","x":${'{"x":'.repeat(60)}1${"}".repeat(60)}}`);
  for (const [name, broken] of Object.entries({ list: `[${text}]`, text: '"alice"', null: "null", nothing: " ", tail: `${text}x`,
    "byte order mark": `\uFEFF${text}`, comment: `/* */${text}`, comma: more("").replace(",}", ",}"), quotes: text.replaceAll('"', "'") })) {
    await by(`claims are not an object alone: ${name}`, MALFORMED, null, broken);
  }
  await by("claims are not UTF-8", MALFORMED, null, Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff]), Buffer.from('"}')]));
  await by("an unpaired surrogate", MALFORMED, null, more('"x":"\\ud800"'));
  await by("a raw control character", MALFORMED, null, more('"x":"a\nb"'));
  await by("the header is a list", MALFORMED, '[{"alg":"ES256"}]'.replace("[", '[ '));
}

async function flips() {
  for (const [alg, token] of [["RS256", await corp()], ["ES256", await corp({}, "ES256")], ["EdDSA", await corp({}, "EdDSA")], ["PS256", await corp({}, "PS256")]]) {
    const [header, body, signature] = parts(token).map((part) => Buffer.from(part, "base64url"));
    for (const at of [0, 1, signature.length >> 1, signature.length - 1]) {
      const flipped = Buffer.from(signature);
      flipped[at] ^= 1 << (at % 8);
      await add(`${alg}: a flipped bit in byte ${at} of the signature`, SIGNATURE, [header, body, flipped].map(b64).join("."));
    }
    const other = Buffer.from(body.toString().replace('"alice"', '"alicf"'));
    await add(`${alg}: another subject under the same signature`, SIGNATURE, [header, other, signature].map(b64).join("."));
    const spaced = Buffer.from(body.toString().replace("{", "{ "));
    await add(`${alg}: the same claims with a blank`, SIGNATURE, [header, spaced, signature].map(b64).join("."));
    const header2 = Buffer.from(header.toString().replace("{", "{ "));
    await add(`${alg}: the same header with a blank`, SIGNATURE, [header2, body, signature].map(b64).join("."));
    const late = Buffer.from(body.toString().replace(`${CORP.exp}`, `${CORP.exp + 1}`));
    await add(`${alg}: one second more under the same signature`, SIGNATURE, [header, late, signature].map(b64).join("."));
  }
}

async function signatures({ jwk }) {
  const sign = (name, alg, signature, more = {}) =>
    add(name, SIGNATURE, forgedWith({ alg, kid: SIGNERS[alg][1], ...more }, CORP, typeof signature === "function" ? signature : () => signature));
  const n = { ES256: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ES384: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973" };
  for (const [alg, order] of Object.entries(n)) {
    const [zero, one, q, max] = ["00", "01", order, "ff"].map((text) => Buffer.from(text.padStart(order.length, text === "ff" ? "f" : "0"), "hex"));
    for (const [name, r, s] of [["0 and 0", zero, zero], ["1 and 0", one, zero], ["0 and 1", zero, one], ["1 and 1", one, one], ["n and n", q, q],
      ["1 and n", one, q], ["n and 1", q, one], ["all ones", max, max]]) {
      await sign(`${alg}: r and s are ${name}`, alg, Buffer.concat([r, s]));
    }
    await sign(`${alg}: in DER`, alg, (input) => raw(input, alg, SIGNERS[alg][0], { dsaEncoding: "der" }));
    await sign(`${alg}: with a byte more`, alg, (input) => Buffer.concat([raw(input, alg, SIGNERS[alg][0]), Buffer.alloc(1)]));
    await sign(`${alg}: r alone`, alg, (input) => raw(input, alg, SIGNERS[alg][0]).subarray(0, order.length / 2));
  }
  const L = BigInt("0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
  await sign("EdDSA: s + L", "EdDSA", (input) => {
    const signature = raw(input, "EdDSA", "ed");
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + L;
    return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse()]);
  });
  await sign("EdDSA: all zero", "EdDSA", Buffer.alloc(64));
  await sign("EdDSA: the identity and zero", "EdDSA", Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]));
  const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
  await sign("EdDSA: under a key of small order", "EdDSA", identity, { kid: "small-order-1" });
  await sign("EdDSA: 63 bytes", "EdDSA", (input) => raw(input, "EdDSA", "ed").subarray(0, 63));
  await sign("RS256: all zero", "RS256", Buffer.alloc(256));
  await sign("RS256: one", "RS256", Buffer.concat([Buffer.alloc(255), Buffer.from([1])]));
  await sign("RS256: the modulus", "RS256", Buffer.from(jwk("rsa").n, "base64url"));
  await sign("RS256: with a zero before", "RS256", (input) => Buffer.concat([Buffer.alloc(1), raw(input, "RS256", "rsa")]));
  await sign("RS256: over SHA-1", "RS256", (input) => raw(input, "RS256".replace("256", "1"), "rsa"));
  await sign("RS256: over SHA-512", "RS256", (input) => raw(input, "RS512", "rsa"));
  await sign("PS256: with a salt of no bytes", "PS256", (input) => raw(input, "PS256", "pss", { saltLength: 0 }));
  await sign("PS384: over SHA-256", "PS384", (input) => raw(input, "PS256", "rsa"));
}

async function acrossIssuers({ NOW }) {
  const header = { alg: "ES256", typ: "at+jwt" };
  await add("other's token with corp's kid", KEY, made(OTHER, { ...header, kid: "p256-1" }, "p256"));
  await add("other's token by corp's key", SIGNATURE, made(OTHER, { ...header, kid: "other-1" }, "p256"));
  await add("corp's token with other's kid", KEY, made(CORP, { alg: "ES256", kid: "other-1" }, "others"));
  await add("corp's token by other's key", SIGNATURE, made(CORP, { alg: "ES256", kid: "p256-1" }, "others"));
  await add("other's token for corp's audience", AUDIENCE, PRESETS.other({ aud: CORP.aud }));
  await add("corp's token for other's audience", AUDIENCE, corp({ aud: "https://other-gate.test" }));
  await add("other's token under an algorithm of corp's", ALGORITHM, made(OTHER, { alg: "RS256", typ: "at+jwt", kid: "rsa-1" }, "rsa"));
  await add("other's ID token", "token_type_refused", PRESETS.other({}, { typ: "JWT" }));
  await add("other's token without typ", "token_type_refused", PRESETS.other({}, { typ: undefined }));
  await add("other's token of another client", "token_claim_refused", PRESETS.other({ client_id: "agent-3" }));
  await add("other's token of no client", "token_claim_refused", PRESETS.other({ client_id: undefined }));
  for (const org of ["initech", "ACME", "", undefined, null, ["acme"], 1]) {
    await add(`other's token of tenant ${JSON.stringify(org)}`, "token_tenant_unmapped", PRESETS.other({ org }));
  }
  await add("too many scopes", CLAIMS, PRESETS.other({ scope: "a ".repeat(65) }));
  await add("scopes that are numbers", CLAIMS, PRESETS.other({ scope: [1] }));
  await add("an issuer whose keys cannot be had", "token_keys_unavailable",
    made({ ...CORP, iss: "https://down.test", iat: NOW }, { alg: "RS256", kid: "rsa-1" }, "rsa"));
}

async function presets({ NOW }) {
  const claim = "token_claim_refused";
  await add("google: another domain", claim, PRESETS.google({ hd: "evil.example" }));
  await add("google: no domain", claim, PRESETS.google({ hd: undefined }));
  await add("google: authorised for another party", claim, PRESETS.google({ azp: "5678.apps.googleusercontent.com" }));
  await add("google: for another client", AUDIENCE, PRESETS.google({ aud: "5678.apps.googleusercontent.com" }));
  await add("google: another scheme", "token_issuer_unknown", PRESETS.google({ iss: "http://accounts.google.com" }));
  const tid = "99999999-2222-3333-4444-555555555555";
  await add("entra: another tenant's issuer", "token_issuer_unknown", PRESETS.entra({ iss: `https://login.microsoftonline.com/${tid}/v2.0` }));
  await add("entra: another tenant", "token_tenant_unmapped", PRESETS.entra({ iss: `https://login.microsoftonline.com/${tid}/v2.0`, tid }));
  await add("entra: no tid", "token_issuer_unknown", PRESETS.entra({ tid: undefined }));
  await add("entra: a v1.0 token", "token_issuer_unknown", PRESETS.entra({ iss: "https://sts.windows.net/11111111-2222-3333-4444-555555555555/" }));
  await add("github actions: another repository", claim, PRESETS.ci({ repository: "evil/agents" }));
  await add("github actions: a pull request", claim, PRESETS.ci({ ref: "refs/pull/1/merge" }));
  await add("github actions: another audience", AUDIENCE, PRESETS.ci({ aud: "https://github.com/acme" }));
  await add("access: another application", AUDIENCE, PRESETS.access({ aud: ["beef".repeat(16)] }));
  await add("access: another team", "token_issuer_unknown", PRESETS.access({ iss: "https://evil.cloudflareaccess.com" }));
  await add("access: a service token without a subject", CLAIMS, PRESETS.access({ sub: "", common_name: "x.access" }));
  await add("access: long expired", "token_expired", PRESETS.access({ exp: NOW - 1000 }));
}

async function smuggled() {
  const [token, other] = [await corp(), await corp({ sub: "bob" })];
  const both = (name, refusal, headers) => found.push({ name, refusal, headers });
  both("two tokens in one header", CREDENTIAL, { authorization: `Bearer ${token}, Bearer ${other}` });
  both("the same token twice in one header", CREDENTIAL, { authorization: `Bearer ${token}, Bearer ${token}` });
  both("two tokens with a comma alone", CREDENTIAL, { authorization: `Bearer ${token},${other}` });
  both("two headers with two tokens", CREDENTIAL, { authorization: `Bearer ${token}`, "x-api-key": other });
  both("a token and a key", CREDENTIAL, { authorization: `Bearer ${token}`, "x-api-key": "key-holder-0123456789" });
  both("a key and a token", CREDENTIAL, { authorization: "Bearer key-holder-0123456789", "x-api-key": token });
  both("a blank within the token", CREDENTIAL, { authorization: `Bearer ${token.replace(".", ". ")}` });
  both("a tab within the token", CREDENTIAL, { authorization: `Bearer ${token.replace(".", ".\t")}` });
  both("a line break within the token", CREDENTIAL, { authorization: `Bearer ${token.replace(".", ".\r\n")}` });
  both("NUL behind the token", CREDENTIAL, { authorization: `Bearer ${token}\u0000` });
  both("a letter of another script", CREDENTIAL, { authorization: `Bearer ${token}é` });
  both("a full stop of another script", CREDENTIAL, { authorization: `Bearer ${token.replaceAll(".", "．")}` });
  both("another scheme", CREDENTIAL, { authorization: `Basic ${token}` });
  both("a scheme of DPoP", CREDENTIAL, { authorization: `DPoP ${token}` });
  both("Bearer twice", CREDENTIAL, { authorization: `Bearer Bearer ${token}` });
  both("a token that names itself", CREDENTIAL, { authorization: `Bearer token="${token}" x` });
}
