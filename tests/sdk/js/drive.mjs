// Drives every call of the official JS SDK against an Arcade engine, or against Toolgate in front of one.
//
// usage: drive.mjs BASE_URL API_KEY [--mode alone|gateway]   (or ARCADE_BASE_URL and ARCADE_API_KEY)
//
// Prints one JSON line per check and `N passed, N failed`; the exit code is 1 when one failed.

import { parseArgs } from 'node:util';

import * as adminChecks from './admin_checks.mjs';
import * as authChecks from './auth_checks.mjs';
import * as chatChecks from './chat_checks.mjs';
import * as executeChecks from './execute_checks.mjs';
import { Drive } from './harness.mjs';
import * as toolsChecks from './tools_checks.mjs';
import * as workerChecks from './worker_checks.mjs';

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      mode: { type: 'string', default: 'alone' },
      user: { type: 'string', default: 'js-user@example.com' },
      'other-user': { type: 'string', default: 'js-other@example.com' },
      prefix: { type: 'string' },
      'worker-url': { type: 'string' },
      'worker-secret': { type: 'string' },
      calc: { type: 'boolean', default: false },
    },
  });
  const baseURL = positionals[0] ?? process.env.ARCADE_BASE_URL;
  const apiKey = positionals[1] ?? process.env.ARCADE_API_KEY;
  if (!baseURL || !apiKey || !['alone', 'gateway'].includes(values.mode)) {
    console.error('usage: drive.mjs BASE_URL API_KEY [--mode alone|gateway] [--user U] [--other-user U] [--prefix /PATH]');
    console.error('                 [--worker-url URL --worker-secret SECRET] [--calc]');
    process.exit(2);
  }
  return { ...values, baseURL, apiKey };
}

const drive = new Drive(options());
for (const group of [toolsChecks, executeChecks, authChecks, workerChecks, adminChecks, chatChecks]) {
  await group.run(drive);
}
console.log(`${drive.passed} passed, ${drive.failed} failed`);
process.exitCode = drive.failed ? 1 : 0;
