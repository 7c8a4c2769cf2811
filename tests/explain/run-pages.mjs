// run-pages.mjs - every example of docs/findings does what its page says: the defect is reported as the page's kind, the
// fix is silent, and the tool counted calls in both.
//
//   run-pages.mjs --build DIR [--language c|cpp|rust] [KIND...]
//   run-pages.mjs --build DIR --napi-rs CRATE [KIND...]     those with napi-rs; CRATE builds a cdylib of src/lib.rs offline
//   run-pages.mjs --build DIR --runtime PATH [KIND...]      on another one, by hand: pages are written for Node
//   run-pages.mjs --build DIR --self-test                   proves that each kind of fault is noticed
//
// Flags of an example, behind its language on the page:
//   ends=SIGABRT      what the program ends by; ends=any where that is undefined, ends=never where it has to be killed
//   also=KIND,...     what may be reported beside it
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync, copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeRuntime, runCase } from '../cases/harness.mjs';
import { languages, neverCalled, readPages, root, scriptOf, sourceOf } from './pages.mjs';

const jobs = Number(process.env.NAPICHECK_JOBS ?? 2);

function parseArguments(args) {
  const given = { build: join(root, 'build'), kinds: [], languages: ['c', 'cpp', 'rust'], napiRs: null, isSelfTest: false, runtime: process.execPath };
  while (args.length) {
    const word = args.shift();
    if (word === '--build') given.build = resolve(args.shift());
    else if (word === '--language') given.languages = [args.shift()];
    else if (word === '--runtime') given.runtime = resolve(args.shift());
    else if (word === '--self-test') given.isSelfTest = true;
    else if (word === '--napi-rs') given.napiRs = resolve(args.shift());
    else if (word.startsWith('-')) throw new Error(`unknown argument ${word}`);
    else given.kinds.push(word);
  }
  return given;
}

function writeIfNew(path, text) {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

const isFresh = (output, ...inputs) => existsSync(output) && inputs.every((input) => statSync(input).mtimeMs <= statSync(output).mtimeMs);

function run(command, options = {}) {
  return new Promise((done) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let text = '';
    child.stdout.on('data', (d) => { text += d; });
    child.stderr.on('data', (d) => { text += d; });
    child.on('error', (error) => done({ code: -1, text: String(error) }));
    child.on('close', (code) => done({ code, text }));
  });
}

// Runs one function for each item, some at a time.
async function inParallel(items, work) {
  const queue = [...items];
  await Promise.all(Array.from({ length: jobs }, async () => {
    while (queue.length) await work(queue.shift());
  }));
}

const cxx = process.env.CXX ?? 'c++';
const headers = ['-isystem', join(root, 'node_modules/node-api-headers/include')];
const flags = ['-g', '-O1', '-fPIC', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror', '-pthread', ...headers];
const cxxFlags = [...flags, '-std=c++17', '-fno-exceptions', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-isystem', join(root, 'node_modules/node-addon-api')];

// napi.h takes seconds to read, so it is read once.
async function precompile(folder) {
  const header = join(folder, 'frame.hh'), output = `${header}.gch`;
  writeIfNew(header, '#include <napi.h>\n#include <memory>\n#include <string>\n#include <thread>\n');
  if (isFresh(output, header)) return header;
  const built = await run([cxx, ...cxxFlags, '-x', 'c++-header', '-o', output, header]);
  if (built.code) throw new Error(`node-addon-api does not compile:\n${built.text}`);
  return header;
}

function compiler(example, source, output, header) {
  if (example.language === 'c') return [process.env.CC ?? 'cc', '-std=gnu11', ...flags, '-shared', '-o', output, source];
  if (example.language === 'cpp') return [cxx, ...cxxFlags, '-include', header, '-shared', '-o', output, source];
  return ['rustc', '--edition', '2021', '--crate-type', 'cdylib', '--crate-name', 'example', '-g', '-C', 'opt-level=1', '-o', output, source];
}

async function compile(example, folder, header) {
  const source = join(folder, `${example.name}.${languages[example.language].extension}`);
  example.addon = join(folder, `${example.name}.node`);
  example.script = join(folder, `${example.name}.cjs`);
  writeIfNew(source, sourceOf(example));
  writeIfNew(example.script, scriptOf(example, example.addon));
  if (isFresh(example.addon, source, ...(example.language === 'cpp' ? [`${header}.gch`] : []))) return;
  const built = await run(compiler(example, source, example.addon, header));
  if (built.code) example.failure = `does not compile:\n${built.text}`;
}

// A crate of the reader's own that can build napi-rs without a registry; one example at a time is its library.
async function compileNapiRs(examples, folder, crate) {
  for (const example of examples) {
    example.addon = join(folder, `${example.name}.node`);
    example.script = join(folder, `${example.name}.cjs`);
    writeFileSync(join(crate, 'src/lib.rs'), `#![allow(unused)]\n${sourceOf(example)}`);
    writeFileSync(example.script, scriptOf(example, example.addon));
    const built = await run(['cargo', 'build', '--offline', '--quiet'], { cwd: crate });
    if (built.code) example.failure = `does not compile:\n${built.text}`;
    else copyFileSync(join(crate, 'target/debug', readdirSync(join(crate, 'target/debug')).find((name) => name.endsWith('.so'))), example.addon);
  }
}

// A row as the table of cases has them, so that the harness judges it.
function caseOf(example, page, runtime) {
  const { ends, also } = example.flags;
  const row = { name: `explain-${example.name}`, addons: [], limitMs: 20000, command: () => [...runtime.launch, example.script] };
  if (example.role === 'fixed') {
    // Errors, leaks and warnings of any kind fail it anyway; a note does where the page is about a note.
    const isSilent = ({ run: of, report }) =>
      of.check(!report?.findings.some((f) => f.kind === page.kind && (page.severity === 'note' || f.severity !== 'note')), `${page.kind} is reported all the same`);
    return { ...row, check: isSilent };
  }
  row.expect = [{ kind: page.kind, severity: page.severity, min: 1 }];
  row.allow = also?.split(',');
  const says = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('#'));
  row.check = ({ run: of, report, watched }) => {
    if (ends === 'never') of.check(watched.signal === 'timeout', 'it ended');
    // What a page tells to put into a suppression file is what the report says.
    const finding = report?.findings.find((f) => f.kind === page.kind && f.severity === page.severity);
    const lines = page.blocks.filter((b) => b.words[0] === 'supp').flatMap((b) => says(b.code)).map((line) => line.split(/\s+/)[0]);
    if (finding && example.language === 'c') of.check(lines.includes(finding.suppression), `the report says ${finding.suppression}, the page ${lines.join(', ') || 'nothing'}`);
  };
  // What a defect does without the tool is no concern of the page's test.
  row.bare = 'any';
  if (ends === 'any') row.mayDie = true;
  else if (ends === 'never') Object.assign(row, { mayDie: true, limitMs: 4000 });
  else if (ends) row.end = row.endUnder = /^\d+$/.test(ends) ? Number(ends) : ends;
  return row;
}

// All examples of these pages that are wanted, each with a name of its own.
function chooseExamples(pages, given) {
  const chosen = [];
  for (const page of pages) {
    const seen = {};
    for (const example of page.examples) {
      const isNapiRs = example.language === 'rust' && !example.isPlain;
      const key = `${page.kind}-${example.language}${isNapiRs ? '' : example.isPlain ? '-plain' : ''}-${example.role}`;
      seen[key] = (seen[key] ?? 0) + 1;
      Object.assign(example, { page, name: seen[key] > 1 ? `${key}-${seen[key]}` : key });
      if (given.napiRs ? isNapiRs : !isNapiRs && given.languages.includes(example.language)) chosen.push(example);
    }
  }
  return chosen;
}

// Compiles and runs them; resolves with { passed, failures }, a failure being text.
async function runExamples(examples, given) {
  const folder = join(given.build, 'tests/explain');
  mkdirSync(folder, { recursive: true });
  if (given.napiRs) {
    await compileNapiRs(examples, folder, given.napiRs);
  } else {
    const header = examples.some((example) => example.language === 'cpp') ? await precompile(folder) : null;
    await inParallel(examples, (example) => compile(example, folder, header));
  }
  const failures = [], runtime = describeRuntime(given.runtime);
  let passed = 0;
  await inParallel(examples, async (example) => {
    const at = `docs/findings/${example.kind}.md:${example.line}: the ${example.role} in ${example.language}`;
    if (example.failure) return failures.push(`${at} ${example.failure}`);
    for (const name of neverCalled(example)) return failures.push(`${at}: its JavaScript never calls ${name}`);
    const result = await runCase(caseOf(example, example.page, runtime), { build: given.build, runtime });
    if (!result.failures.length) return passed++;
    return failures.push(`${at} (${result.folder}):\n  ${result.failures.join('\n  ')}`);
  });
  return { passed, failures };
}

// What must not pass: a defect told as a fix, a fix told as a defect, code that does not compile, another kind's page,
// another function in the line for suppressions.
async function selfTest(given) {
  const [page] = readPages(['leaked-reference']), [other] = readPages(['leaked-async-work']);
  const [defect, fixed] = ['defect', 'fixed'].map((role) => page.examples.find((example) => example.language === 'c' && example.role === role));
  const supp = page.blocks.map((block) => (block.words[0] === 'supp' ? { ...block, code: block.code.replace(':put', ':get') } : block));
  const wrong = [
    [{ ...defect, page, role: 'fixed' }, /unexpected leaked-reference \(leak, lost\)/],
    [{ ...fixed, page, role: 'defect' }, /leaked-reference\/leak: count 0, expected at least 1/],
    [{ ...fixed, page, code: fixed.code.replace('return NULL;', 'return') }, /does not compile/],
    [{ ...defect, page: other }, /leaked-async-work\/leak: count 0[\s\S]*unexpected leaked-reference/],
    [{ ...defect, page: { ...page, blocks: supp } }, /the report says leaked-reference:put, the page leaked-reference:get/],
    [{ ...fixed, page, js: { code: 'gc();\n' } }, /never calls put/],
  ];
  for (const [i, [example, pattern]] of wrong.entries()) {
    const { passed, failures } = await runExamples([{ ...example, name: `self-test-${i}` }], given);
    assert.equal(passed, 0, `${i}: passed`);
    assert.match(failures.join('\n'), pattern);
  }
  console.log(`run-pages: each of ${wrong.length} faults was noticed`);
}

async function main() {
  const given = parseArguments(process.argv.slice(2));
  if (given.isSelfTest) return selfTest(given);
  const examples = chooseExamples(readPages(given.kinds), given);
  if (!examples.length) throw new Error('no example was chosen');
  const hasRust = given.napiRs || spawnSync('rustc', ['--version']).status === 0;
  const chosen = examples.filter((example) => example.language !== 'rust' || hasRust);
  const { passed, failures } = await runExamples(chosen, given);
  for (const line of failures) console.error(line);
  console.log(`${passed} examples do what their pages say, ${failures.length} do not`);
  if (chosen.length < examples.length) console.log(`skipped: ${examples.length - chosen.length} in Rust, rustc is missing (scripts/setup --tests installs it)`);
  if (failures.length || (chosen.length < examples.length && process.env.CI)) process.exit(1);
  if (!passed) process.exit(77);
}

main().catch((error) => {
  console.error(`run-pages: ${error.message}`);
  process.exit(1);
});
