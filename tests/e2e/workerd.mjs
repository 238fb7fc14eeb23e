// Toolgate on workerd through miniflare: the built module, with the bindings that wrangler.toml names, on a free port.
//
// usage: workerd.mjs MODULE_DIRECTORY STATE_DIRECTORY   with the settings as a JSON object in TOOLGATE_E2E_SETTINGS
//
// Prints `listening on ADDRESS TWIN`: two isolates that share the key-value store and the durable owners, as two isolates
// of one deployment do. Then the log of both. Ends when stdin is closed, so that it cannot outlive the test.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { unstable_readConfig as readConfig } from 'wrangler';

const [directory, state] = process.argv.slice(2);
const config = readConfig({ config: new URL('../../wrangler.toml', import.meta.url).pathname }, { hideWarnings: true });
const settings = JSON.parse(process.env.TOOLGATE_E2E_SETTINGS ?? '{}');
const classes = config.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []);

const module = (type, path) => ({ type, path: join(directory, path), contents: readFileSync(join(directory, path)) });

/** One isolate; the durable owners are those of the worker named `toolgate`. */
const worker = (name, owner) => ({
  name,
  modulesRoot: directory,
  modules: [module('ESModule', 'index.js'), module('CompiledWasm', 'toolgate_bg.wasm')],
  compatibilityDate: config.compatibility_date,
  compatibilityFlags: config.compatibility_flags,
  bindings: { ...config.vars, ...settings },
  kvNamespaces: Object.fromEntries(config.kv_namespaces.map(({ binding }) => [binding, binding])),
  // wrangler.toml has the database behind a `#`: who starts with one command makes none.
  d1Databases: { TOOLGATE_SQL: 'TOOLGATE_SQL' },
  durableObjects: Object.fromEntries(
    config.durable_objects.bindings.map(({ name: binding, class_name: className }) => [
      binding,
      { className, useSQLite: classes.includes(className), ...(owner === name ? {} : { scriptName: owner }) },
    ]),
  ),
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
});

const options = {
  host: '127.0.0.1',
  port: 0,
  cf: false,
  log: new Log(LogLevel.ERROR),
  resourcePersistencePath: state,
  handleStructuredLogs: ({ level, message }) => (level === 'error' ? console.error(message) : console.log(message)),
  workers: [worker('toolgate', 'toolgate'), worker('twin', 'toolgate')],
};
const miniflare = new Miniflare(convertV4MiniflareOptions(options));

await miniflare.ready;
const address = async (name) => (await miniflare.unsafeGetDirectURL(name)).origin;
console.log(`listening on ${await address('toolgate')} ${await address('twin')}`);

process.stdin.resume();
process.stdin.on('close', async () => {
  await miniflare.dispose();
  process.exit(0);
});
