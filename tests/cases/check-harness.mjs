// check-harness.mjs - the harness fails where it has to: on made-up reports and on a library that does not load.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describeRuntime, judgeFindings, marksOf, root, runCase, schemaErrors } from './harness.mjs';
import { cases } from './table.mjs';

const addon = 'reference-use-after-delete__value';
const theCase = cases.find((c) => c.name === addon);
const marks = marksOf(addon);
assert.deepEqual(Object.keys(marks).sort(), ['created', 'deleted', 'used']);

// A report as it should be, to be spoiled in one way at a time.
const frame = (fn, role) => ({ function: fn, file: `${addon}.c`, line: marks[role][0], module: `${addon}.node`, offset: '0x1' });
const sound = () => ({
  findings: [{
    kind: 'reference-use-after-delete', severity: 'error', count: 1, fingerprint: 'f', message: 'm',
    stacks: [
      { role: 'created', frames: [frame('make', 'created')] },
      { role: 'deleted', frames: [frame('drop', 'deleted')] },
      { role: 'used', frames: [{ function: 'inner', file: 'other.c', line: 1 }, frame('use', 'used')] },
    ],
  }],
});
assert.deepEqual(judgeFindings(sound(), theCase), []);

const spoilers = {
  'no finding': (r) => { r.findings = []; },
  'another kind': (r) => { r.findings[0].kind = 'invalid-reference'; },
  'another severity': (r) => { r.findings[0].severity = 'warning'; },
  'twice': (r) => { r.findings[0].count = 2; },
  'a line off': (r) => { r.findings[0].stacks[2].frames[1].line++; },
  'another file': (r) => { r.findings[0].stacks[2].frames[1].file = 'drive.c'; },
  'another function': (r) => { r.findings[0].stacks[1].frames[0].function = 'dropped'; },
  'no stack of a role': (r) => { r.findings[0].stacks.pop(); },
  'stacks exchanged': (r) => { r.findings[0].stacks[0].role = 'used'; r.findings[0].stacks[2].role = 'created'; },
  'a leak as well': (r) => { r.findings.push({ ...r.findings[0], kind: 'leaked-reference', severity: 'leak' }); },
  'a warning as well': (r) => { r.findings.push({ ...r.findings[0], kind: 'stale-handle', severity: 'warning' }); },
};
for (const [what, spoil] of Object.entries(spoilers)) {
  const report = sound();
  spoil(report);
  assert.notDeepEqual(judgeFindings(report, theCase), [], `the harness takes a report with: ${what}`);
}
const withNote = sound();
withNote.findings.push({ ...withNote.findings[0], kind: 'failed-call', severity: 'note' });
assert.deepEqual(judgeFindings(withNote, theCase), []);
assert.notDeepEqual(schemaErrors({ schema: 'napicheck-report/1' }), []);

// A library that the loader cannot take is ignored by it: every clean case would pass.
const i = process.argv.indexOf('--build');
const build = resolve(i < 0 ? join(root, 'build') : process.argv[i + 1]);
const folder = mkdtempSync(join(tmpdir(), 'napicheck-harness-'));
try {
  writeFileSync(join(folder, 'libnapicheck.so'), 'no library\n');
  symlinkSync(join(build, 'tests'), join(folder, 'tests'));
  const clean = { ...cases.find((c) => c.name === 'ok__leaked-reference__local'), name: 'harness-without-tool' };
  const result = await runCase(clean, { build: folder, runtime: describeRuntime(process.execPath) });
  assert.ok(result.failures.length > 0, 'a clean case passes without the tool');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${Object.keys(spoilers).length + 3} ways to fail, and it fails`);
