// on-error.mjs - on_error=abort and on_error=throw, for misuse of every sort.
import { readFileSync } from 'node:fs';
import { endOf, optionText } from '../harness.mjs';
import { error } from './rows.mjs';

// [addon, steps before, the step that misuses, what on_error=throw does]. "throws": the step ends by an exception of ours.
// "goes on": none can be thrown there (a finalizer, another thread, an env that has ended), and the call is treated as ever.
const misuse = [
  ['reference-use-after-delete__value', [], 'run', 'throws'],
  ['reference-double-delete__local', [], 'run', 'throws'],
  ['reference-count-underflow__twice', [], 'run', 'throws'],
  ['invalid-reference__integer', [], 'run', 'throws'],
  ['stale-handle__kept', ['make'], 'use', 'throws'],
  ['stale-handle__inner-scope', [], 'run', 'throws'],
  ['stale-handle__returned', [], 'run', 'throws'],
  ['stale-handle__descriptor', [], 'run', 'throws'],
  ['handle-scope-mismatch__twice', [], 'run', 'throws'],
  ['handle-scope-mismatch__order', [], 'run', 'throws'],
  ['handle-scope-mismatch__function', [], 'run', 'throws'],
  ['escape-called-twice__local', [], 'run', 'throws'],
  ['callback-info-after-return__kept', ['keep'], 'ask', 'throws'],
  ['async-work-use-after-delete__queue', [], 'run', 'throws'],
  ['async-work-deleted-early__queued', [], 'run', 'throws'],
  ['async-context-use-after-destroy__call', [], 'run(fn)', 'throws'],
  ['deferred-settled-twice__both', [], 'run', 'throws'],
  ['cleanup-hook-duplicate__same', [], 'run', 'throws once'], // its first addition would be one too many the next time
  ['wrong-thread-call__reads', [], 'run', 'goes on'], // only warnings
  ['wrong-thread-call__thread', [], 'run', 'goes on'],
  ['env-use-after-teardown__worker', ['worker[keep]'], 'use', 'goes on'],
  ['finalizer-gc-unsafe__experimental', ['run'], 'gc', 'goes on'],
  ['threadsafe-function-over-release__twice', [], 'run', 'goes on'],
];
const kindOf = (addon) => addon.split('__')[0];
const isError = (addon) => addon !== 'wrong-thread-call__reads';

// Node 20 knows no basic finalizers: there the last one goes on.
const throwing = (run, rows) => Promise.all(rows.map(async ([addon, before, step, outcome], i) => {
  const report = run.path(`throw-${addon}.json`);
  const misusing = step === 'gc' ? step : `try:${step}`;
  // Twice: what the first exception leaves behind must not refuse the calls after it.
  const wanted = { throws: 2, 'throws once': 1, 'goes on': 0 }[outcome];
  const steps = [...before, misusing, ...(wanted === 2 ? [...before, misusing] : []), 'print=still here'];
  const options = optionText({ on_error: 'throw', exitcode: 0, format: `json=${report}` });
  const watched = await run.under(run.drive([addon], steps), options);
  const hasDied = watched.signal !== null && wanted === 0;
  run.check(hasDied || /still here/.test(watched.out), `${addon}: ended with ${endOf(watched)}: ${watched.out}${watched.err.slice(-500)}`);
  const thrown = watched.out.split('\n').filter((line) => line.includes(` threw napicheck: ${kindOf(addon)}: `)).length;
  run.check(thrown === wanted, `${addon}: ${thrown} exceptions of ours: ${watched.out}`);
  if (hasDied) return;
  const found = JSON.parse(readFileSync(report, 'utf8')).findings;
  run.check(found.some((f) => f.kind === kindOf(addon)), `${addon}: the finding is not in the report (row ${i})`);
}));

const aborting = (run, rows) => Promise.all(rows.map(async ([addon, before, step]) => {
  const report = run.path(`abort-${addon}.json`);
  const options = optionText({ on_error: 'abort', format: `text,json=${report}` });
  const watched = await run.under(run.drive([addon], [...before, step, 'print=still here']), options);
  if (!isError(addon)) {
    run.check(/still here/.test(watched.out), `${addon}: a warning ended the program: ${watched.err.slice(-500)}`);
    return;
  }
  run.check(watched.signal === 'SIGABRT' && !/still here/.test(watched.out), `${addon}: ended with ${endOf(watched)}`);
  run.check(watched.err.includes(`error ${kindOf(addon)}`) && /SUMMARY: 1 error/.test(watched.err), `${addon}: ${watched.err.slice(-1500)}`);
  const { findings, processes } = JSON.parse(readFileSync(report, 'utf8'));
  run.check(findings.some((f) => f.kind === kindOf(addon) && f.severity === 'error' && f.count === 1), `${addon}: not in the report`);
  run.check(processes[0].calls > 0, `${addon}: no calls`);
}));

// A few at a time: each starts a program.
const inTurn = (work) => async (run) => {
  const rows = misuse.filter(([addon]) => !/experimental/.test(addon) || run.runtime.major >= 22);
  for (let i = 0; i < rows.length; i += 4) await work(run, rows.slice(i, i + 4));
};

export const onError = [
  {
    name: 'on-error-abort', issue: 3, addons: ['reference-use-after-delete__value'], steps: ['run'], options: { on_error: 'abort' },
    bare: 'any', endUnder: 'SIGABRT', expect: [error('reference-use-after-delete', { count: 1, stacks: { used: 'use' } })],
  },
  {
    name: 'on-error-throw', issue: 3, addons: ['reference-use-after-delete__value'], steps: ['try:run', 'print=still here'], options: { on_error: 'throw' },
    bare: 'any', expect: [error('reference-use-after-delete', { count: 1, stacks: { used: 'use' } })],
    check: ({ run, watched }) => run.check(/run threw .*napi_get_reference_value .*deleted/.test(watched.out) && /still here/.test(watched.out), watched.out),
  },
  { name: 'on-error-throw-everywhere', issue: 3, addons: misuse.map(([addon]) => addon), runtimes: ['node'], limitMs: 120000, custom: inTurn(throwing) },
  { name: 'on-error-abort-everywhere', issue: 3, addons: misuse.map(([addon]) => addon), runtimes: ['node'], limitMs: 120000, custom: inTurn(aborting) },
];
