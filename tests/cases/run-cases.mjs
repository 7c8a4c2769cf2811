// run-cases.mjs [--build DIR] [--runtime PATH] [--issues 2,3] [--jobs N] [--bare] [--list] [NAME... | --all]
//
// Runs cases of the table by name, or all of the given issues. --list prints the names of those that the runtime
// can have. --bare runs the programs without the tool, to see that the addons do what they are meant to.
// Exit 0: passed; 1: a failure; 77: all were skipped (CTest's skip).
import { join, resolve } from 'node:path';
import { describeRuntime, root, runCase, specialise } from './harness.mjs';
import { cases } from './table.mjs';

const args = process.argv.slice(2);
function option(name, fallback) {
  const i = args.indexOf(name);
  return i < 0 ? fallback : args.splice(i, 2)[1];
}
function flag(name) {
  const i = args.indexOf(name);
  if (i >= 0) args.splice(i, 1);
  return i >= 0;
}

const build = resolve(option('--build', join(root, 'build')));
const runtimePath = option('--runtime', process.execPath);
const issues = option('--issues', '2,3,4,5,6').split(/[,;]/).map(Number);
const jobs = Number(option('--jobs', '1'));
const isBareOnly = flag('--bare');
const isListing = flag('--list');
const isAll = flag('--all');
const unknown = args.find((a) => a.startsWith('-'));
if (unknown) {
  console.error(`run-cases: no such option: ${unknown}`);
  process.exit(2);
}

const chosen = cases.filter((c) => issues.includes(c.issue) && (isAll || isListing || args.includes(c.name)));
if (isListing) {
  // Cases that this runtime cannot have are not tests of it; the compatibility runs have them.
  const runtime = describeRuntime(runtimePath);
  console.log(chosen.filter((c) => !specialise(c, runtime).skip).map((c) => c.name).join('\n'));
  process.exit(0);
}
const absent = args.find((name) => !cases.some((c) => c.name === name));
if (absent || !chosen.length) {
  console.error(`run-cases: no such case: ${absent ?? '(none given)'}`);
  process.exit(2);
}

const runtime = describeRuntime(runtimePath);
const queue = [...chosen];
const results = [];
async function work() {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const result = await runCase(next, { build, runtime, isBareOnly });
    results.push({ name: next.name, ...result });
    if (result.skip) console.log(`skip  ${next.name}: ${result.skip}`);
    else if (result.failures.length) console.log(`FAIL  ${next.name} (${result.folder})\n        ${result.failures.join('\n').replace(/\n/g, '\n        ')}`);
    else console.log(`pass  ${next.name}  ${Math.round(result.ms)} ms${result.bareEnd ? `  (bare: ${result.bareEnd})` : ''}`);
  }
}
await Promise.all(Array.from({ length: jobs }, work));

const n_failed = results.filter((r) => r.failures.length).length;
const n_skipped = results.filter((r) => r.skip).length;
if (results.length > 1)
  console.log(`${runtime.name} ${runtime.version}: ${results.length - n_failed - n_skipped} passed, ${n_failed} failed, ${n_skipped} skipped`);
process.exitCode = n_failed ? 1 : n_skipped === results.length ? 77 : 0;
