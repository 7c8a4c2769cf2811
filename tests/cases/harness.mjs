// harness.mjs - runs one case of the table: bare, then under the tool, and compares what came of both.
//
// A case passes when the program behaved as it does bare, the report is valid against its schema, holds what
// the table expects with the marked lines in its stacks, and holds no other error, leak or warning.
// Every watched run has to have counted calls: a library that did not load would pass every clean case.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const casesDir = dirname(fileURLToPath(import.meta.url));
export const testsDir = dirname(casesDir);
export const root = dirname(testsDir);
const scriptsDir = join(casesDir, 'scripts');
const addonSources = join(testsDir, 'addons');
const runLimitMs = 60000;
// What a run may end with by the default policy.
const findingsExit = 23;

// --- the runtime ---

// Which program a path is, and the flags that expose the collector there.
export function describeRuntime(path) {
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) throw new Error(`cannot run ${path}`);
  const text = version.stdout;
  if (/^deno/.test(text)) {
    const launch = [path, 'run', '-A', '--quiet', '--v8-flags=--expose-gc'];
    return { path, name: 'deno', version: /deno (\S+)/.exec(text)[1], major: 0, launch };
  }
  if (/^v\d/.test(text)) {
    const number = text.trim().slice(1);
    return { path, name: 'node', version: number, major: Number.parseInt(number, 10), launch: [path, '--expose-gc'] };
  }
  return { path, name: 'bun', version: text.trim(), major: 0, launch: [path] };
}

// Whether version is at least "22.14"; Bun and Deno are judged by name, not by number.
function isAtLeast(runtime, wanted) {
  if (runtime.name !== 'node') return true;
  const have = runtime.version.split('.').map(Number);
  const want = String(wanted).split('.').map(Number);
  for (let i = 0; i < want.length; i++) {
    if (have[i] !== want[i]) return have[i] > want[i];
  }
  return true;
}

// The case as it is on this runtime: "bun", "deno", "node22" and so on override fields; null means not there.
export function specialise(theCase, runtime) {
  const overrides = [runtime.name, `${runtime.name}${runtime.major || ''}`].map((key) => theCase.on?.[key]);
  const special = Object.assign({}, theCase, ...overrides.filter((o) => o && typeof o === 'object'));
  const reason = overrides.find((o) => typeof o === 'string');
  if (reason) return { skip: reason };
  if (theCase.minNode && !isAtLeast(runtime, theCase.minNode)) return { skip: `needs Node ${theCase.minNode}` };
  if (theCase.maxNode && runtime.name === 'node' && runtime.major > theCase.maxNode)
    return { skip: `needs Node ${theCase.maxNode} or older` };
  if (theCase.runtimes && !theCase.runtimes.includes(runtime.name))
    return { skip: `only for ${theCase.runtimes.join(', ')}` };
  return special;
}

// --- addons and their marks ---

export function sourceOf(addon) {
  for (const extension of ['c', 'cc', 'rs']) {
    const path = join(addonSources, `${addon.replace(/\+.*$/, '')}.${extension}`);
    if (existsSync(path)) return path;
  }
  throw new Error(`no source for addon ${addon}`);
}

// { role: [line, ...] } of the marks in a source; "DEFECT" and "AT" differ for the reader only. A statement that
// goes over several lines is marked on its last one and stands for all of them.
export function marksOf(addon) {
  const marks = {};
  const lines = readFileSync(sourceOf(addon), 'utf8').split('\n');
  lines.forEach((text, i) => {
    for (const [, , role] of text.matchAll(/\/\* (DEFECT|AT) ([\w:-]+) \*\//g)) {
      let first = i;
      while (first > 0 && !/([;{}]|\*\/)\s*$/.test(lines[first - 1]) && lines[first - 1].trim()) first--;
      for (let line = first; line <= i; line++) (marks[role] ??= []).push(line + 1);
    }
  });
  return marks;
}

// --- running ---

// One run of a command; resolves with how it ended and what it wrote.
export function runCommand(command, { env, cwd, input, limitMs = runLimitMs }) {
  return new Promise((done) => {
    const started = performance.now();
    const stdio = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
    const child = spawn(command[0], command.slice(1), { cwd, env, stdio, detached: true });
    let out = '', err = '', isLate = false;
    if (input !== undefined) child.stdin.end(input);
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    const timer = setTimeout(() => {
      isLate = true;
      try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has just ended */ }
    }, limitMs);
    child.on('error', (error) => { clearTimeout(timer); done({ code: null, signal: null, out, err: String(error), pid: 0, ms: 0 }); });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const how = isLate ? 'timeout' : signal;
      done({ code, signal: how, out, err, pid: child.pid, ms: performance.now() - started });
    });
  });
}

export function endOf(run) {
  return run.signal ?? run.code;
}

// NAPICHECK_OPTIONS of an object; order kept.
export function optionText(options) {
  return Object.entries(options).filter(([, v]) => v !== undefined).map(([k, v]) => `${k}=${v}`).join(':');
}

let validator;
// The schema's complaints about a report; a missing validator is a failure, not a pass.
export function schemaErrors(report) {
  if (!validator) {
    const require = createRequire(join(root, 'package.json'));
    const path = join(root, 'reports', 'schema', 'report-v1.schema.json');
    let Ajv;
    try {
      const schema = JSON.parse(readFileSync(path, 'utf8'));
      const module = /2020-12/.test(schema.$schema ?? '') ? require('ajv/dist/2020') : require('ajv');
      Ajv = module.default ?? module;
      validator = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
    } catch (error) {
      return [`the schema cannot be used (${path}; npm ci in the project's folder?): ${error.message}`];
    }
  }
  if (validator(report)) return [];
  return validator.errors.slice(0, 5).map((e) => `schema: ${e.instancePath || '/'} ${e.message}`);
}

// --- judging ---

const counted = new Set(['error', 'leak', 'warning']);

function frameFits(frame, wanted) {
  const name = frame.function ?? '';
  // Without debug information there may be an address and nothing else.
  if (wanted.noName) return !frame.line && /^0x[0-9a-f]+$/.test(frame.offset ?? '') && !!frame.module;
  if (wanted.function instanceof RegExp ? !wanted.function.test(name) : name !== wanted.function) return false;
  if (wanted.line === undefined) return true;
  return [].concat(wanted.line).includes(frame.line) && basename(frame.file ?? '') === wanted.file;
}

// What the stacks of a finding lack, or null.
function stacksLack(finding, expectation, theCase) {
  for (const [role, given] of Object.entries(expectation.stacks ?? {})) {
    for (const one of [].concat(given)) {
      const wanted = typeof one === 'string' || one instanceof RegExp ? { function: one } : { ...one };
      const addon = wanted.addon ?? expectation.addon ?? theCase.addons?.[0];
      if (!wanted.noName && !wanted.noLine) {
        const mark = wanted.mark ?? role;
        wanted.line = marksOf(addon)[mark];
        if (!wanted.line) return `the source of ${addon} has no mark ${mark}`;
        wanted.file = basename(sourceOf(addon));
      }
      const stacks = (finding.stacks ?? []).filter((s) => s.role === role);
      if (!stacks.length) return `no stack of role ${role}`;
      if (!stacks.some((s) => s.frames.some((f) => frameFits(f, wanted)))) {
        const shown = stacks[0].frames.map((f) => `${f.function ?? '?'} ${basename(f.file ?? '')}:${f.line ?? f.offset}`);
        const what = wanted.noName ? 'a bare offset' : `${wanted.function} ${wanted.file ?? ''}:${wanted.line ?? ''}`;
        return `role ${role} lacks ${what}; it has ${shown.join(', ')}`;
      }
    }
  }
  return null;
}

function describe(finding) {
  return `${finding.kind} (${finding.severity}${finding.evidence ? `, ${finding.evidence}` : ''}) x${finding.count}: ${finding.message}`;
}

// Compares the findings of a report with the expectations of a case.
export function judgeFindings(report, theCase) {
  const failures = [];
  const explained = new Set();
  for (const expectation of theCase.expect ?? []) {
    const { kind, severity, evidence } = expectation;
    const label = [kind, severity, evidence].filter(Boolean).join('/');
    const alike = report.findings.filter((f) => f.kind === kind && (!severity || f.severity === severity) &&
      (!evidence || f.evidence === evidence) && (!expectation.message || expectation.message.test(f.message)));
    const lacks = [];
    let count = 0;
    for (const finding of alike) {
      const lack = stacksLack(finding, expectation, theCase);
      if (lack) {
        lacks.push(lack);
        continue;
      }
      explained.add(finding);
      count += finding.count;
    }
    const { count: exact, min = exact === undefined ? 1 : undefined } = expectation;
    if (exact === 0 ? count !== 0 : exact !== undefined && count !== exact)
      failures.push(`${label}: count ${count}, expected ${exact}${lacks.length ? ` (${lacks[0]})` : ''}`);
    if (min !== undefined && count < min)
      failures.push(`${label}: count ${count}, expected at least ${min}${lacks.length ? ` (${lacks[0]})` : ''}`);
  }
  const allowed = new Set(theCase.allow ?? []);
  for (const finding of report.findings) {
    if (counted.has(finding.severity) && !explained.has(finding) && !allowed.has(finding.kind))
      failures.push(`unexpected ${describe(finding)}`);
  }
  return failures;
}

// --- one case ---

function freshFolder(path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(join(path, 'run'), { recursive: true, mode: 0o700 });
  return path;
}

// Everything that a case needs to run and to say what went wrong; custom cases use it directly.
export class CaseRun {
  constructor(theCase, { build, runtime }) {
    this.case = theCase;
    this.runtime = runtime;
    this.build = build;
    this.library = join(build, 'libnapicheck.so');
    this.tool = join(build, 'napicheck');
    // The runtime's own path is in the name: a compatibility run may be at work on the same table at the same time.
    const hash = createHash('sha1').update(runtime.path).digest('hex').slice(0, 6);
    const place = runtime.path === process.execPath ? 'default' : `${runtime.name}${runtime.major || ''}-${hash}`;
    this.folder = freshFolder(join(build, 'tests', 'runs', place, theCase.name));
    this.failures = [];
  }

  check(condition, text) {
    if (!condition) this.failures.push(text);
    return condition;
  }

  path(name) {
    return join(this.folder, name);
  }

  addonPath(addon) {
    const path = join(this.build, 'tests', 'addons', `${addon}.node`);
    if (!existsSync(path)) throw new Error(`not built: ${path}`);
    return path;
  }

  drive(addons, steps) {
    return [...this.runtime.launch, join(scriptsDir, 'drive.cjs'), addons.map((a) => this.addonPath(a)).join(','), ...steps];
  }

  script(name, ...args) {
    return [...this.runtime.launch, join(scriptsDir, name), ...args];
  }

  // Records go to a folder of the case's own, so that what is left behind shows.
  baseEnvironment() {
    const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1', XDG_RUNTIME_DIR: join(this.folder, 'run') };
    delete env.NAPICHECK_OPTIONS;
    delete env.LD_PRELOAD;
    delete env.NODE_OPTIONS;
    return { ...env, ...this.case.env };
  }

  async bare(command, settings = {}) {
    return runCommand(command, { cwd: this.folder, ...settings, env: { ...this.baseEnvironment(), ...settings.env } });
  }

  // options: an object, or text for options that are wrong on purpose.
  async under(command, options = {}, settings = {}) {
    const text = typeof options === 'string' ? options : optionText(options);
    const env = { ...this.baseEnvironment(), LD_PRELOAD: this.library, NAPICHECK_OPTIONS: text, ...settings.env };
    const run = await runCommand(command, { cwd: this.folder, ...settings, env });
    writeFileSync(this.path('stdout.txt'), run.out);
    writeFileSync(this.path('stderr.txt'), run.err);
    return run;
  }

  async napicheck(...args) {
    return runCommand([this.tool, ...args], { cwd: this.folder, env: this.baseEnvironment() });
  }

  // `napicheck run` with a text and a JSON report; the latter is checked and comes with the run.
  async launch(command, { options = [], prefix = [], ...settings } = {}) {
    const path = this.path('report.json');
    rmSync(path, { force: true });
    const format = `--format=text=${this.path('report.txt')},json=${path}`;
    const line = [...prefix, this.tool, 'run', format, ...options, '--', ...command];
    const run = await runCommand(line, { cwd: this.folder, ...settings, env: { ...this.baseEnvironment(), ...settings.env } });
    writeFileSync(this.path('stdout.txt'), run.out);
    writeFileSync(this.path('stderr.txt'), run.err);
    const text = existsSync(this.path('report.txt')) ? readFileSync(this.path('report.txt'), 'utf8') : '';
    return { ...run, text, report: existsSync(path) ? this.report(path, settings) : null };
  }

  // The report at path, checked against the schema and for calls; null (and a failure) where there is none.
  report(path, { calls = 1 } = {}) {
    let report;
    try {
      report = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      this.failures.push(`no report: ${error.message}`);
      return null;
    }
    this.failures.push(...schemaErrors(report));
    const total = (report.processes ?? []).reduce((n, p) => n + p.calls, 0);
    this.check(total >= calls, `the tool counted ${total} calls, expected at least ${calls}`);
    return report;
  }

  // Records of ours that are still there.
  leftovers() {
    const found = [];
    const walk = (folder) => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) walk(join(folder, entry.name));
        else found.push(join(folder, entry.name));
      }
    };
    walk(join(this.folder, 'run'));
    return found;
  }
}

function commandOf(run, theCase) {
  if (theCase.command) return theCase.command(run);
  if (theCase.script)
    return run.script(theCase.script, ...(theCase.addons ?? []).map((a) => run.addonPath(a)), ...(theCase.args ?? []));
  return run.drive(theCase.addons, theCase.steps);
}

// The exit status that the policy asks for: a program's own failure is never masked.
function expectedEnd(theCase) {
  const own = theCase.end ?? 0;
  if (theCase.endUnder !== undefined) return theCase.endUnder;
  const failOn = theCase.options?.fail_on?.split(',') ?? ['error', 'leak'];
  const isFailing = (theCase.expect ?? []).some((e) => e.count !== 0 &&
    (failOn.includes(e.severity) || failOn.includes(e.kind)));
  const status = Number(theCase.options?.exitcode ?? findingsExit);
  return own === 0 && isFailing && status !== 0 ? status : own;
}

async function runStandard(run, theCase, isBareOnly) {
  const command = commandOf(run, theCase);
  const own = theCase.end ?? 0;
  const limitMs = theCase.limitMs;
  const bare = theCase.bare === 'any' && !isBareOnly ? null : await run.bare(command, { limitMs });
  if (bare && theCase.bare !== 'any') {
    run.check(endOf(bare) === own, `bare: ended with ${endOf(bare)}, expected ${own}\n${bare.err.slice(-2000)}`);
  }
  if (isBareOnly) {
    if (theCase.bare === 'any') run.bareEnd = `${endOf(bare)}`;
    return;
  }

  const path = run.path('report.json');
  // "report": the process is killed, its record is read afterwards; mayDie: the runtime may crash in the call that
  // was reported, which is nobody's business here, and the record is read then.
  const isRecordOnly = theCase.record === 'report';
  const record = run.path('record.nck');
  const options = { record: isRecordOnly || theCase.mayDie ? record : undefined, format: isRecordOnly ? 'text' : `text,json=${path}` };
  const watched = await run.under(command, { ...options, ...theCase.options }, { limitMs });
  const wanted = expectedEnd(theCase);
  const hasDied = theCase.mayDie && ['SIGSEGV', 'SIGTRAP', 'SIGABRT', 'SIGILL', 'SIGBUS', 'timeout'].includes(watched.signal);
  run.check(hasDied || endOf(watched) === wanted, `ended with ${endOf(watched)}, expected ${wanted}\n${watched.err.slice(-3000)}`);
  if (bare && theCase.bare !== 'any')
    run.check(watched.out === bare.out, `stdout differs: bare\n${bare.out.slice(0, 1000)}\nwatched\n${watched.out.slice(0, 1000)}`);
  if (isRecordOnly || (hasDied && !existsSync(path))) {
    const reading = await run.napicheck('report', `--format=json=${path}`, record);
    run.check([0, findingsExit].includes(reading.code), `napicheck report ended with ${endOf(reading)}: ${reading.err}`);
  }
  const report = run.report(path, { calls: theCase.calls ?? 1 });
  if (report) run.failures.push(...judgeFindings(report, theCase));
  const hasSomething = (theCase.expect ?? []).some((e) => e.count !== 0 && e.severity !== 'note');
  if (!hasSomething && bare && !theCase.options?.verbosity && !theCase.isNoisy)
    run.check(watched.err === bare.err, `stderr of a clean run differs: ${watched.err.slice(0, 1000)}`);
  if (!isRecordOnly && !theCase.options?.record && !theCase.leavesRecord && !hasDied)
    run.check(run.leftovers().length === 0, `records left behind: ${run.leftovers().join(' ')}`);
  if (theCase.check) await theCase.check({ run, report, watched, bare });
}

// Runs a case; resolves with { failures } or { skip: why }.
export async function runCase(theCase, { build, runtime, isBareOnly = false }) {
  const special = specialise(theCase, runtime);
  if (special.skip) return { skip: special.skip, failures: [] };
  const missing = (special.addons ?? []).find((a) => !existsSync(join(build, 'tests', 'addons', `${a}.node`)));
  if (missing && /rust/.test(missing)) return { skip: `${missing} is not built: rustc is missing`, failures: [] };
  const run = new CaseRun(special, { build: resolve(build), runtime });
  const started = performance.now();
  try {
    if (special.custom) {
      if (!isBareOnly) await special.custom(run);
    } else {
      await runStandard(run, special, isBareOnly);
    }
  } catch (error) {
    run.failures.push(error.stack);
  }
  return { failures: run.failures, ms: performance.now() - started, bareEnd: run.bareEnd, folder: run.folder };
}
