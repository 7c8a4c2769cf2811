#!/usr/bin/env node
// run.mjs [--build DIR] [--runtime PATH] [--rounds N] [--quick] [--filter RE] [--json FILE]
// What the tool costs: each benchmark bare and under the tool, in turn, in one run. README.md says how the
// figures come about. Exit 1 when one did not run or the tool was not active in it; no time is judged.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: join(here, '..', '..', 'build') },
    runtime: { type: 'string', default: process.execPath },
    rounds: { type: 'string', default: '5' },
    filter: { type: 'string', default: '.' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const build = resolve(options.build);
const library = join(build, 'libnapicheck.so');
const addon = join(build, 'tests', 'bench', 'bench.node');
for (const needed of [library, addon]) {
  if (existsSync(needed)) continue;
  console.error(`run.mjs: ${needed} is missing: build the project with its tests, or name the folder with --build`);
  process.exit(2);
}
const isQuick = options.quick;
const rounds = isQuick ? 1 : Number(options.rounds);
const filter = new RegExp(options.filter);
const scratch = mkdtempSync(join(tmpdir(), 'napicheck-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

// One operation each, measured in batches. `limit` is what the project promises, to stand beside the figure.
const operations = [
  { name: 'getInt32', text: 'napi_get_value_int32', limit: '+5 ns' },
  { name: 'empty', text: 'empty function called from JavaScript', limit: '+12 ns' },
  { name: 'add', text: 'function with two arguments and a result' },
  { name: 'handleScope', text: 'open + close handle scope', limit: '+10 ns' },
  { name: 'escapableScope', text: 'object escaped from a scope' },
  { name: 'referenceShallow', text: 'create + delete reference, 1 frame', limit: '2 x' },
  { name: 'referenceDeep', text: 'create + delete reference, 5 frames', limit: '2 x' },
  { name: 'referenceCount', text: 'reference ref + unref' },
  { name: 'createObject', text: 'napi_create_object in a scope' },
  { name: 'callFunction', text: 'napi_call_function in a scope' },
  { name: 'wrap', text: 'napi_wrap, collected, finalizer', batchMs: 60, batches: 7, least: 2000 },
  { name: 'threadsafe', text: 'call of a threadsafe function, 8 threads', limit: '1.3 x', n: isQuick ? 8000 : 800000, batches: 5 },
];

const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const environment = (report) => {
  const env = { ...process.env };
  delete env.LD_PRELOAD;
  delete env.NAPICHECK_OPTIONS;
  if (report) Object.assign(env, { LD_PRELOAD: library, NAPICHECK_OPTIONS: `exitcode=0:format=json=${report}` });
  return env;
};
let n_reports = 0;
const newReport = () => join(scratch, `${++n_reports}.json`);

// The calls that the tool counted, and that it found no error: else what was measured is not what is promised.
function checkReport(report) {
  const [program] = JSON.parse(readFileSync(report, 'utf8')).processes;
  if (!(program?.calls > 0)) throw new Error('the tool was not active: no calls in its report');
  const { findings } = JSON.parse(readFileSync(report, 'utf8'));
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (errors.length) throw new Error(`the tool found an error in a benchmark: ${errors[0].message}`);
  return findings;
}

// --- operations ---

class Child {
  constructor(report) {
    this.report = report;
    this.process = spawn(options.runtime, ['--expose-gc', join(here, 'child.cjs'), addon],
      { env: environment(report), stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((done) => this.process.on('close', (code, signal) => done(signal ?? code)));
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }
  async run(name, n) {
    this.process.stdin.write(`${JSON.stringify({ name, n })}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${name}: the process ended (${await this.ended})`);
    return JSON.parse(value).ns;
  }
  async close() {
    this.process.stdin.end();
    const end = await this.ended;
    if (end !== 0) throw new Error(`a benchmark's process ended with ${end}`);
    if (this.report) checkReport(this.report);
  }
}

// How many make a batch of the wished length, measured bare; also warms both processes up.
async function calibrate(bare, under, operation) {
  if (operation.n) return operation.n;
  const wanted = (isQuick ? 0.5 : operation.batchMs ?? 2) * 1e6;
  let n = operation.least ?? 1000;
  for (let i = 0; i < 12; i++) {
    const ns = await bare.run(operation.name, n);
    await under.run(operation.name, n);
    const next = Math.round(Math.min(n * 8, (n * wanted) / Math.max(ns, 1)));
    if (next < n * 1.3) break;
    n = next;
  }
  return n;
}

async function measureOperations(chosen) {
  const figures = new Map(chosen.map((operation) => [operation, { bare: [], under: [] }]));
  for (let round = 0; round < rounds; round++) {
    const bare = new Child(), under = new Child(newReport());
    for (const operation of chosen) {
      const n = await calibrate(bare, under, operation);
      const least = { bare: Infinity, under: Infinity };
      const batches = isQuick ? 2 : operation.batches ?? 80;
      for (let i = 0; i < batches; i++) {
        least.bare = Math.min(least.bare, (await bare.run(operation.name, n)) / n);
        least.under = Math.min(least.under, (await under.run(operation.name, n)) / n);
      }
      figures.get(operation).bare.push(least.bare);
      figures.get(operation).under.push(least.under);
    }
    await bare.close();
    await under.close();
  }
  return [...figures].map(([{ name, text, limit }, { bare, under }]) => ({
    name, text, limit, unit: 'ns', bare: median(bare), under: median(under),
    added: median(under.map((ns, i) => ns - bare[i])), ratio: median(under.map((ns, i) => ns / bare[i])), rounds: { bare, under },
  }));
}

// --- whole processes ---

function runProcess(command, env) {
  return new Promise((done, failed) => {
    const start = process.hrtime.bigint();
    const child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '', end;
    child.on('exit', () => { end = process.hrtime.bigint(); });
    child.stdout.on('data', (data) => { out += data; });
    child.on('error', failed);
    child.on('close', (code, signal) => {
      if (code !== 0) failed(new Error(`${command.join(' ')} ended with ${signal ?? code}`));
      else done({ ns: Number(end - start), end: Number(end), out });
    });
  });
}

// Start-up. The start of a process differs from one time to the next by more than we add: many pairs, and the
// median of their differences.
async function measureStart(name, text, limit, command) {
  const bare = [], under = [];
  for (let i = 0; i < (isQuick ? 2 : 60); i++) {
    bare.push((await runProcess(command, environment())).ns / 1e6);
    under.push((await runProcess(command, { ...environment(), LD_PRELOAD: library })).ns / 1e6);
  }
  return { name, text, limit, unit: 'ms', bare: median(bare), under: median(under),
    added: median(under.map((ms, i) => ms - bare[i])), ratio: median(under) / median(bare) };
}

const job = async (report, ...args) => {
  const run = await runProcess([options.runtime, '--expose-gc', join(here, 'child.cjs'), addon, ...args], environment(report));
  return { ...run, ...JSON.parse(run.out), exitNs: run.end - JSON.parse(run.out).end };
};

async function measureLeak(name, text, n, limits) {
  const bare = [], under = [];
  for (let i = 0; i < (isQuick || n > 1e6 ? 1 : Math.min(rounds, 3)); i++) {
    bare.push(await job(undefined, 'leak', `${n}`));
    const report = newReport();
    under.push(await job(report, 'leak', `${n}`));
    const leaked = checkReport(report).filter((finding) => /leaked-reference|growing-references/.test(finding.kind));
    const n_leaked = leaked.reduce((sum, finding) => sum + finding.count, 0);
    if (n_leaked < n) throw new Error(`${name}: only ${n_leaked} of ${n} leaked references were reported`);
  }
  const of = (list, field, scale) => median(list.map((run) => run[field] * scale));
  const row = (suffix, what, limit, unit, field, scale) => {
    const [b, u] = [of(bare, field, scale), of(under, field, scale)];
    return { name: `${name}.${suffix}`, text: `${text}: ${what}`, limit, unit, bare: b, under: u, added: u - b, ratio: u / b };
  };
  return [
    row('memory', 'memory of each', limits.memory, 'B', 'grownKiB', 1024 / n),
    row('create', 'creation of each', undefined, 'ns', 'ns', 1 / n),
    row('end', 'from exit to the end, report included', limits.end, 's', 'exitNs', 1e-9),
  ];
}

// Memory has to stay flat: what the later nine tenths added, in bytes for each function.
async function measureFunctions(n) {
  const bare = await job(undefined, 'functions', `${n}`);
  const report = newReport();
  const under = await job(report, 'functions', `${n}`);
  checkReport(report);
  const text = `${n.toLocaleString('en')} functions with data, created and collected`;
  const mib = (kib) => kib / 1024;
  return [
    { name: 'functions', text, unit: 'ns', bare: bare.ns / n, under: under.ns / n, added: (under.ns - bare.ns) / n, ratio: under.ns / bare.ns },
    { name: 'functions.memory', text: 'resident memory after them', limit: 'flat', unit: 'MiB', bare: mib(bare.resident.at(-1)), under: mib(under.resident.at(-1)),
      added: mib(under.resident.at(-1) - bare.resident.at(-1)), ratio: under.resident.at(-1) / bare.resident.at(-1) },
    { name: 'functions.growth', text: 'resident memory, second tenth to last', limit: 'flat', unit: 'MiB', bare: mib(bare.resident.at(-1) - bare.resident[1]),
      under: mib(under.resident.at(-1) - under.resident[1]), added: mib(under.resident.at(-1) - under.resident[1] - bare.resident.at(-1) + bare.resident[1]) },
  ];
}

const wholes = [
  ['startTrue', () => measureStart('startTrue', 'start and end of /bin/true', '+1 ms', ['/bin/true'])],
  ['startNode', () => measureStart('startNode', 'start and end of node without an addon', '+5 ms', [options.runtime, '-e', '0'])],
  ['leakMillion', () => measureLeak('leakMillion', isQuick ? 'ten thousand leaked references' : 'a million leaked references', isQuick ? 1e4 : 1e6, { memory: '+96 B', end: '5 s' })],
  ['leakTenMillion', () => (isQuick ? [] : measureLeak('leakTenMillion', 'ten million', 1e7, { memory: '+96 B', end: '30 s' }))],
  ['functions', () => measureFunctions(isQuick ? 20000 : 1e7)],
];

// --- the table ---

const format = (value, unit) => {
  if (value === undefined || !Number.isFinite(value)) return '';
  const size = Math.abs(value);
  return `${value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)} ${unit}`;
};
function print(row) {
  const cells = [format(row.bare, row.unit), format(row.under, row.unit), format(row.added, row.unit), row.ratio ? `${row.ratio.toFixed(2)} x` : '', row.limit ?? ''];
  console.log(`| ${row.text.padEnd(62)} |${cells.map((cell) => ` ${cell.padStart(10)} |`).join('')}`);
}

console.log(`| ${'benchmark'.padEnd(62)} |${['bare', 'under', 'added', 'ratio', 'promised'].map((word) => ` ${word.padStart(10)} |`).join('')}`);
console.log(`|${'-'.repeat(64)}|${' ---------: |'.repeat(5).replaceAll(' -', '-').replaceAll(': ', ':')}`);
const rows = [];
let failed = 0;
async function measure(name, how) {
  try {
    for (const row of [await how()].flat()) {
      rows.push(row);
      print(row);
    }
  } catch (error) {
    failed++;
    console.error(`run.mjs: ${name}: ${error.message}`);
  }
}
const chosen = operations.filter((operation) => filter.test(operation.name));
if (chosen.length) await measure('operations', () => measureOperations(chosen));
for (const [name, how] of wholes) if (filter.test(name)) await measure(name, how);
if (options.json) {
  const document = { runtime: options.runtime, rounds, quick: isQuick, rows };
  writeFileSync(options.json, `${JSON.stringify(document, null, 1)}\n`);
}
process.exitCode = failed ? 1 : 0;
