// check-table.mjs - the table, the addons' sources, their build list and the catalogue have to agree.
//
// Every source is built, every addon is used by a case, every kind that a case expects is in findings.def with a
// defect and a twin, and every defect is marked on a line that holds a call.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sourceOf, testsDir } from './harness.mjs';
import { cases } from './table.mjs';

const problems = [];
const addonsDir = join(testsDir, 'addons');
const sources = readdirSync(addonsDir).filter((f) => /\.(c|cc|rs)$/.test(f));
const buildList = readFileSync(join(addonsDir, 'CMakeLists.txt'), 'utf8').split(/[\s()]+/);
const kinds = new Map([...readFileSync(join(root, 'include', 'napicheck', 'findings.def'), 'utf8')
  .matchAll(/NCK_FINDING\(\w+,\s*"([\w-]+)",\s*(\w+)/g)].map((m) => [m[1], m[2].toLowerCase()]));

// An addon is used by name, with or without a flavour, anywhere in a row (commands are functions).
const used = new Set();
const words = cases.map((c) => JSON.stringify(c) + (c.command ?? '') + (c.custom ?? '')).join('\n');
for (const [, name] of words.matchAll(/["'`]((?:ok__)?[a-z0-9-]+(?:__[a-z0-9-]+)?)(?:\+[\w-]+)?["'`]/g)) used.add(name);

for (const file of sources) {
  const name = file.replace(/\.\w+$/, '');
  const text = readFileSync(join(addonsDir, file), 'utf8');
  const lines = text.split('\n');
  const isRight = name.startsWith('ok__');
  if (!buildList.includes(name) && !buildList.includes(name.replace(/^ok__/, '')))
    problems.push(`${file} is not in tests/addons/CMakeLists.txt`);
  if (!used.has(name)) problems.push(`${file} is used by no case`);
  if (isRight && /DEFECT/.test(text)) problems.push(`${file} marks a defect though it is a twin`);
  if (!isRight && !/\.cc$/.test(file) && !/\/\* DEFECT/.test(text)) problems.push(`${file} marks no defect`);
  lines.forEach((line, i) => {
    if (/\/\* (DEFECT|AT) /.test(line) && !/^[^/]*[;{]\s*(}\s*)?\/\*/.test(line.replace(/\s*}$/, '')))
      problems.push(`${file}:${i + 1} marks a line that ends no statement`);
  });
  const [, kind] = /^(?:ok__)?([a-z-]+)__/.exec(name) ?? [];
  if (kind && !isRight && !kinds.has(kind)) problems.push(`${file}: no such kind: ${kind}`);
}

// Faults that no addon can bring about on a real runtime: tests/unit has them against the fake one.
const unitOnly = ['finalizer-ran-twice', 'finalizer-never-ran'];

const names = new Set();
const covered = new Map();
for (const c of cases) {
  if (names.has(c.name)) problems.push(`two cases are called ${c.name}`);
  names.add(c.name);
  if (!Number.isInteger(c.issue)) problems.push(`${c.name} has no issue`);
  for (const addon of c.addons ?? []) {
    try {
      sourceOf(addon);
    } catch (error) {
      problems.push(`${c.name}: ${error.message}`);
    }
  }
  for (const e of c.expect ?? []) {
    if (!kinds.has(e.kind)) problems.push(`${c.name}: no such kind: ${e.kind}`);
    if (e.count !== 0) covered.set(e.kind, true);
  }
  for (const kind of c.covers ?? []) covered.set(kind, true);
}
for (const kind of kinds.keys()) {
  if (unitOnly.includes(kind)) continue;
  if (!covered.has(kind)) problems.push(`no case expects ${kind}`);
  else if (!cases.some((c) => c.name.startsWith(`ok__${kind}__`))) problems.push(`${kind} has no twin (ok__${kind}__...)`);
}

if (problems.length) console.error(problems.join('\n'));
console.log(`${cases.length} cases, ${sources.length} addons, ${kinds.size} kinds: ${problems.length} problems`);
process.exitCode = problems.length ? 1 : 0;
