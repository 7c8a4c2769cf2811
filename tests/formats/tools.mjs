// tools.mjs: what the tests of formats share: records, the tool, checks, a browser.
//   node TEST.mjs NAPICHECK LIBRARY MAKE_RECORD ADDONS-FOLDER
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const [tool, library, makeRecord, addons] = process.argv.slice(2);
export const here = fileURLToPath(new URL('.', import.meta.url));
export const project = join(here, '../..');
export const scratch = mkdtempSync(join(tmpdir(), 'napicheck-formats-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
export const at = (...parts) => join(scratch, ...parts);
export const modules = join(here, 'node_modules');

export function skip(reason) {
  console.log(`SKIPPED: ${reason}`);
  process.exit(77);
}
if (!existsSync(modules)) skip('tests/formats/node_modules is missing; scripts/setup --tests installs it');

// What the environment says about napicheck must not leak into a test.
export const environment = { ...process.env };
for (const key of Object.keys(environment)) if (key.startsWith('NAPICHECK') || key === 'LD_PRELOAD' || key === 'GITHUB_ACTIONS') delete environment[key];

export const run = (args, options = {}) => spawnSync(tool, args, { encoding: 'utf8', env: environment, timeout: 60000, maxBuffer: 1 << 28, ...options });

export function make(name, settings = {}) {
  const result = spawnSync(makeRecord, [at(name), ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)], { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  return at(name);
}

/** Everything that can stand in a record, with texts that try to end whatever they are put into. */
export function makeHostile(name) {
  const record = make(name, { lost: 97, held: 2, weak: 3, error: 2, warning: 1, note: 1, growing: 500, all: 1, addon: `/tmp/a%b,c:d"><img src=x onerror=window.hit=1>&amp;.node` });
  let bytes = readFileSync(record).toString('latin1');
  for (const [from, to] of [['something happened', '</script><b id=x1>'], ['/app/index.js', '<b id=x2>/.js']]) {
    assert.equal(from.length, to.length);
    assert.ok(bytes.includes(from), `the record holds no "${from}" any more`);
    bytes = bytes.replaceAll(from, to);
  }
  writeFileSync(record, Buffer.from(bytes, 'latin1'));
  return record;
}

/** A real program with a leak on a line that is known, run in the project's folder. */
export function runReal(format, extra = {}) {
  const addon = 'leaked-reference__local';
  const source = readFileSync(join(project, `tests/addons/${addon}.c`), 'utf8').split('\n');
  const line = source.findIndex((text) => /\b(DEFECT|AT)\b/.test(text)) + 1;
  assert.ok(line, `${addon}.c has a line that is marked DEFECT`);
  const result = spawnSync(process.execPath, ['tests/formats/drive.cjs', join(addons, `${addon}.node`)], {
    cwd: project, encoding: 'utf8', timeout: 60000, env: { ...environment, LD_PRELOAD: library, NAPICHECK_OPTIONS: `format=${format}`, ...extra } });
  assert.equal(result.status, 23, result.stderr);
  return { ...result, line, file: `tests/addons/${addon}.c` };
}

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

export function findChromium() {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
  return found ?? skip('no Chromium here (apt-get install chromium)');
}

export const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'];

/** Runs the tests one after the other; the first that fails ends the process. */
export async function runTests(tests) {
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok   ${name}`);
    } catch (error) {
      console.log(`FAIL ${name}`);
      console.error(error);
      process.exit(1);
    }
  }
  console.log(`${Object.keys(tests).length} tests`);
}
