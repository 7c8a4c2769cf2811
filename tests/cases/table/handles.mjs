// handles.mjs - values, scopes, threads, exceptions.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { endOf, judgeFindings } from '../harness.mjs';
import { allFunctions, error, note, pair, warning } from './rows.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

// The runtime's own napi_value is not a pointer that can be tagged there.
const noTags = { bun: 'values are not judged on Bun' };
const stale = (variant, stacks, row = {}) =>
  pair(3, 'stale-handle', variant, { bare: 'any', mayDie: true, on: noTags, expect: [error('stale-handle', { count: 1, stacks })], ...row });
const wrongEnv = (variant, row) =>
  pair(3, 'handle-wrong-env', variant, { bare: 'any', mayDie: true, on: noTags, expect: [error('handle-wrong-env', { count: 1, stacks: { used: 'use_foreign' } })], ...row });
// Node aborts; what was said before, and the report after it, are the point.
const aborts = { end: 'SIGABRT', endUnder: 'SIGABRT', runtimes: ['node'] };

const withoutJavaScript = ({ run, report }) =>
  run.check(report.findings.every((f) => f.stacks.every((s) => !s.js?.length)), 'there are JavaScript frames');

// What the headers declare: each parameter through which a value goes in or comes out, as "in FUNCTION PARAMETER".
function declaredValues() {
  const headers = ['node_modules/node-api-headers/include/js_native_api.h', 'node_modules/node-api-headers/include/node_api.h', 'shim/api.h'];
  const text = headers.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const found = new Set();
  for (const [, name, list] of text.matchAll(/NAPI_EXTERN\s+napi_status\s+(?:NAPI_CDECL\s+)?(\w+)\(([^;]*)\);/g))
    for (const parameter of list.split(',')) {
      const [, isConstant, stars, word] = /(const )?\s*napi_value\s?(\*?)\s?(\w+)\s*$/.exec(parameter) ?? [];
      if (word) found.add(`${stars && !isConstant ? 'out' : 'in'} ${name} ${word}`);
      if (/napi_property_descriptor/.test(parameter)) found.add(`in ${name} properties`);
    }
  return found;
}
// undefined, null, the booleans and global outlive their scopes; stale-handle__undefined has them.
const constants = /^out (napi_get_(undefined|null|global|boolean)|napi_coerce_to_bool) /;

// stale-handle__everywhere prints what it does; each line has to have been found, and nothing may be missing.
function checkEverywhere({ run, report, watched }) {
  const found = new Map();
  for (const finding of report.findings.filter((f) => f.kind === 'stale-handle'))
    for (const frame of finding.stacks.filter((s) => s.role === 'used').flatMap((s) => s.frames)) found.set(frame.function, finding);
  const done = new Set(), absent = new Set();
  for (const line of watched.out.split('\n')) {
    const [what, name, parameter] = line.split(' ');
    if (what === 'absent') absent.add(name);
    if (what !== 'in' && what !== 'out') continue;
    done.add(`${what} ${name} ${parameter.split('__')[0]}`);
    const finding = found.get(`${what}__${name}__${parameter}`);
    run.check(finding, `not found: ${line}`);
    run.check(!finding || finding.message.startsWith(what === 'in' ? `${name} got` : 'napi_typeof got'), `${line}: ${finding?.message}`);
    run.check(!finding || (finding.severity === 'error' && finding.count === 1), `${line}: ${finding?.severity} x${finding?.count}`);
  }
  const declared = [...declaredValues()].filter((one) => !absent.has(one.split(' ')[1]) && !constants.test(one));
  run.check(declared.length > 140, `the headers were read wrongly: ${declared.length} values`);
  for (const one of declared) run.check(done.has(one), `the addon does not try: ${one}`);
  run.check(found.size > (run.runtime.major < 16 ? 150 : 160), `${found.size} findings`);
}
const everywhere = { issue: 3, runtimes: ['node'], steps: ['catch', 'run', 'keep({})', 'use_kept', 'gc'] };

// Each of them is said with an env that has ended, and answers napi_invalid_arg.
function checkEnded({ run, report, watched }) {
  const found = new Map(report.findings.filter((f) => f.kind === 'env-use-after-teardown').map((f) => [f.message.split(' ')[0], f]));
  for (const [name] of allFunctions) {
    const [, status] = new RegExp(`^${name} (-?\\d+)$`, 'm').exec(watched.out) ?? [];
    run.check(status !== undefined, `${name} was not called`);
    if (status === '-1') continue; // not in this runtime
    run.check(found.get(name)?.severity === 'error' && status === '1', `${name}: ${found.get(name)?.severity}, answered ${status}`);
  }
}

// Each of them, called on another thread (one of the addon's own, or that of an execute callback), is said as what it is. What the runtime makes of
// such a call is its own matter: where it ends the program, the next run goes on behind that function.
const onOtherThreads = (how, judge) => async (run) => {
  const addon = 'wrong-thread-call__everywhere', found = new Map(), statuses = new Map();
  for (let names = allFunctions.map(([name]) => name), n = 0; names.length; n++) {
    const record = run.path(`${n}.nck`), path = run.path(`${n}.json`);
    const watched = await run.under(run.script('every-thread.cjs', run.addonPath(addon), how, ...names), { record, format: `text,json=${path}` });
    if (!existsSync(path)) await run.napicheck('report', `--format=json=${path}`, record);
    const report = run.report(path), before = statuses.size;
    for (const [, name, status] of watched.out.matchAll(/^(\w+) (-?\d*)$/gm)) statuses.set(name, status);
    for (const finding of report?.findings.filter((f) => f.kind === 'wrong-thread-call') ?? []) found.set(finding.message.split(' ')[0], { finding, report });
    run.check(report?.findings.every((f) => f.kind === 'wrong-thread-call' || f.severity === 'note'), `${n}: ${report?.findings.map((f) => f.kind)}`);
    if (!run.check(statuses.size > before, `nothing was called: ${watched.err.slice(-2000)}`)) return;
    names = names.slice(statuses.size - before);
  }
  for (const [name, word] of allFunctions) {
    if (statuses.get(name) === '-1') continue; // not in this runtime
    const { finding, report } = found.get(name) ?? {};
    if (!run.check(finding && finding.count === 1, `${name}: answered ${statuses.get(name)}, said ${finding?.count ?? 0} times`)) continue;
    run.check(finding.severity === (word === 'READ_THREAD' ? 'warning' : 'error'), `${name}: ${finding.severity}`);
    const main = report.processes[0].pid;
    run.check(new RegExp(`was called on thread \\d+ \\(${judge.thread}\\) with env 1, which belongs to thread ${main} \\(main, \\S+\\)`).test(finding.message), finding.message);
    run.failures.push(...judgeFindings({ findings: [finding] }, { addons: [addon], expect: [{ kind: finding.kind, count: 1, stacks: judge.stacks }] }));
    run.check(finding.stacks.some((s) => s.role === 'birth' && s.frames.length), `${name}: no birth of the env`);
  }
  run.check(found.size > 130, `${found.size} functions`);
};

// What the report says of the envs: are their values judged? And, where they cannot be, in a note.
const checkValues = (wanted, note) => ({ run, report }) => {
  const envs = Object.fromEntries(report.processes[0].envs.map((env) => [env.module, env.values]));
  run.check(JSON.stringify(envs) === JSON.stringify(wanted), `envs: ${JSON.stringify(envs)}`);
  const notes = report.notes.filter((text) => /stale-handle and handle-wrong-env/.test(text));
  run.check(note ? notes.length === 1 && note.test(notes[0]) : notes.length === 0, `notes: ${JSON.stringify(report.notes)}`);
};

// The table of handles names the callback, the most that were alive in one scope, and the call that made them.
const profiled = (callback, peak, by) => ({ run, report, watched }) => {
  const row = report.handle_profile.find((one) => one.callback === callback);
  run.check(row?.peak === peak && row.peak_frame?.function === by, `handle_profile: ${JSON.stringify(report.handle_profile)}`);
  if (report.findings.some((f) => f.kind === 'handle-growth'))
    run.check(new RegExp(`${peak} at once.* ${callback} \\(handle-growth__\\w+\\.node\\), by ${by} at `).test(watched.err), watched.err);
};

export const handles = [
  ...stale('kept', { used: 'use_kept' }, { steps: ['make', 'use'] }),
  ...stale('inner-scope', { used: 'use_outside', closed: 'make_inside' }),
  ...stale('returned', { closed: 'run' }, { twin: { steps: ['run', 'echo(5)', 'x=run', 'echo($x)', 'self'] } }),
  ...stale('argument', { used: 'pass_on' }, { steps: ['keep(5)', 'call(fn)'], twin: { steps: ['call(fn)', 'call(a.call)'].slice(0, 1) } }),
  ...stale('callback-scope', { used: 'use_outside', closed: 'run' }, { steps: ['run'], twin: { steps: ['run(fn)', 'run(fn)'] } }),
  ...stale('descriptor', { used: 'define', closed: 'make_inside' }),
  ...pair(3, 'stale-handle', 'undefined', {
    steps: ['make', 'use'], on: noTags, expect: [warning('stale-handle', { count: 1, stacks: { used: 'use_kept' } })],
  }),
  {
    // The runtime gets no value, and undefined where it wants one.
    name: 'stale-handle__no-value', issue: 3, addons: ['stale-handle__no-value'], steps: ['run(fn)'], bare: 'any', mayDie: true, on: noTags,
    expect: [
      error('stale-handle', { count: 1, message: /is a reference, or another object/, stacks: { used: 'use_reference' } }),
      error('stale-handle', { count: 1, message: /is a scope/, stacks: { used: { function: 'pass_scope', mark: 'scope' } } }),
    ],
  },
  { name: 'ok__stale-handle__coerced', issue: 3, addons: ['ok__stale-handle__coerced'], steps: ['run({})*3', 'x=run({})', 'run($x)'] },
  ...stale('complete', { used: 'complete' }, { steps: ['run(fn)', 'sleep=50'] }),
  ...stale('error-info', { used: 'look_at_kept' }, { steps: ['make', 'use'], twin: { steps: ['try:make', 'try:make'] } }),
  // node-addon-api asks the type by a call that fails then, and may end by it.
  ...stale('cxx', {}, {
    steps: ['make', 'try:use'], expect: [error('stale-handle', { stacks: { used: { function: /Session::IsSet|^IsSet$/, mark: 'caller' } } })],
  }),
  {
    ...everywhere, name: 'stale-handle__everywhere', addons: ['stale-handle__everywhere'],
    expect: [error('stale-handle', { min: 160, stacks: { closed: /^(in|out)$/ } })], allow: ['stale-handle'], check: checkEverywhere,
    on: Object.fromEntries(['node12', 'node14'].map((old) => [old, { expect: [error('stale-handle', { min: 150, stacks: { closed: /^(in|out)$/ } })] }])),
  },
  { ...everywhere, name: 'ok__stale-handle__everywhere', addons: ['stale-handle__everywhere+ok'], isNoisy: true },
  // Off where it cannot be right, and said: in JSON, and in the text of a run that has something to say.
  {
    name: 'ok__v8-import', issue: 3, addons: ['ok__v8-import', 'ok__stale-handle__kept'], steps: ['run*10', 'run({})', 'b.make', 'b.use'], runtimes: ['node'],
    check: checkValues({ 'ok__v8-import.node': 'v8', 'ok__stale-handle__kept.node': 'judged' }, /not looked for in ok__v8-import\.node: it imports V8's C\+\+ symbols/),
  },
  {
    name: 'ok__v8-import-verbose', issue: 3, addons: ['ok__v8-import'], steps: ['run'], runtimes: ['node'], options: { verbosity: 1 },
    check: ({ run, watched }) => run.check(/not looked for in ok__v8-import\.node/.test(watched.err), watched.err),
  },
  {
    name: 'ok-values-bun', issue: 3, addons: ['ok__stale-handle__kept'], steps: ['make', 'use'], runtimes: ['bun'],
    check: checkValues({ 'ok__stale-handle__kept.node': 'runtime' }, /not looked for on bun, whose napi_value is no pointer/),
  },
  {
    name: 'ok-values-off', issue: 3, addons: ['stale-handle__kept'], steps: ['make', 'use'], bare: 'any', mayDie: true, options: { checks: '-handles' },
    on: { bun: { check: undefined } }, check: checkValues({ 'stale-handle__kept.node': 'off' }),
  },

  ...wrongEnv('addons', {
    addons: ['handle-wrong-env__addons', 'handle-wrong-env__addons+copy'], steps: ['give(b.take)'],
    twin: { addons: ['ok__handle-wrong-env__addons', 'ok__handle-wrong-env__addons+copy'] },
  }),
  ...wrongEnv('cxx', {
    addons: ['handle-wrong-env__cxx', 'handle-wrong-env__cxx+copy'], steps: ['give(b.take)'],
    expect: [error('handle-wrong-env', { count: 1, stacks: { used: { function: /^Store/, mark: 'caller' } } })],
    twin: { addons: ['ok__handle-wrong-env__cxx', 'ok__handle-wrong-env__cxx+copy'] },
  }),
  {
    name: 'handle-wrong-env__native', issue: 3, addons: ['handle-wrong-env__native', 'handle-wrong-env__native+copy'], steps: ['x=b.handOut', 'run($x)'], on: noTags,
    expect: [
      warning('handle-wrong-env', { count: 3, stacks: { used: 'use_foreign' } }),
      warning('handle-wrong-env', { count: 1, stacks: { used: { function: 'type_of', mark: 'given' } } }),
    ],
  },
  ...wrongEnv('worker', { steps: ['background[take]', 'give', 'join'], runtimes: ['node'] }),

  ...pair(3, 'unclosed-handle-scope', 'callback', { ...aborts, expect: [error('unclosed-handle-scope', { count: 1, stacks: { opened: 'walk' } })], twin: { end: 0, runtimes: undefined } }),
  ...pair(3, 'unclosed-handle-scope', 'escapable', {
    ...aborts, steps: ['try:run'], expect: [error('unclosed-handle-scope', { count: 1, stacks: { opened: 'parse' } })], twin: { end: 0, runtimes: undefined },
  }),
  ...pair(3, 'unclosed-handle-scope', 'finalizer', {
    ...aborts, steps: ['run', 'gc'], expect: [error('unclosed-handle-scope', { count: 1, stacks: { opened: 'on_collected' } })], twin: { end: 0, runtimes: undefined },
  }),
  ...pair(3, 'unclosed-handle-scope', 'cxx', {
    ...aborts, expect: [error('unclosed-handle-scope', { count: 1, stacks: { opened: { function: /^Enter/ } } })], twin: { end: 0, runtimes: undefined },
  }),
  {
    // Said before the runtime aborts; after it every report that was asked for is there, and no record is left.
    name: 'unclosed-handle-scope-formats', issue: 3, addons: ['unclosed-handle-scope__callback'], runtimes: ['node'],
    custom: async (run) => {
      const files = ['json', 'sarif', 'junit', 'html', 'github'].map((format) => [format, run.path(`report.${format}`)]);
      const watched = await run.under(run.drive(['unclosed-handle-scope__callback'], ['run']), { format: `text,${files.map((pair) => pair.join('=')).join(',')}` });
      run.check(watched.signal === 'SIGABRT', `ended with ${endOf(watched)}`);
      const said = watched.err.indexOf('napicheck: error: unclosed-handle-scope'), stopped = watched.err.search(/Assertion (`.*' )?failed/), reported = watched.err.indexOf('SUMMARY: 1 error');
      run.check(said >= 0 && said < stopped && stopped < reported, watched.err);
      for (const [format, path] of files) run.check(readFileSync(path, 'utf8').includes('unclosed-handle-scope'), `${format} lacks the finding`);
      run.report(files[0][1]);
      run.check(run.leftovers().length === 0, 'a record was left');
    },
  },
  ...pair(3, 'handle-scope-mismatch', 'order', { bare: 'any', on: { bun: { mayDie: true } }, expect: [error('handle-scope-mismatch', { stacks: { used: 'close_outer', opened: 'open_outer' } })] }),
  ...pair(3, 'handle-scope-mismatch', 'twice', { bare: 'any', on: { bun: { mayDie: true } }, expect: [error('handle-scope-mismatch', { count: 1, stacks: { used: 'close_again' } })] }),
  ...pair(3, 'handle-scope-mismatch', 'function', { bare: 'any', expect: [error('handle-scope-mismatch', { count: 1, stacks: { used: 'close_as_plain', opened: 'run' } })] }),
  ...pair(3, 'handle-scope-mismatch', 'kind', {
    bare: 'any', mayDie: true, expect: [error('handle-scope-mismatch', { count: 1, message: /is a callback scope/, stacks: { used: 'close_as_handle_scope', opened: 'run' } })],
  }),
  ...pair(3, 'handle-scope-mismatch', 'addons', {
    addons: ['handle-scope-mismatch__addons', 'handle-scope-mismatch__addons+copy'], steps: ['give(b.take)'], bare: 'any', on: { bun: { mayDie: true } },
    expect: [error('handle-scope-mismatch', { count: 1, message: /opened with another env/, stacks: { used: 'close_foreign' } })],
    twin: { addons: ['ok__handle-scope-mismatch__addons', 'ok__handle-scope-mismatch__addons+copy'] },
  }),
  ...pair(3, 'handle-scope-mismatch', 'cxx', {
    bare: 'any', on: { bun: { mayDie: true } }, expect: [error('handle-scope-mismatch', { stacks: { used: { function: /Leave/, mark: 'caller' } } })],
  }),
  ...pair(3, 'escape-called-twice', 'local', { expect: [error('escape-called-twice', { count: 1, stacks: { used: 'escape_second' } })] }),
  ...pair(3, 'escape-called-twice', 'cxx', { expect: [error('escape-called-twice', { count: 1, stacks: { used: /^Second/, opened: /^Run/ } })] }),
  ...pair(3, 'unclosed-callback-scope', 'callback', {
    minNode: 14, // Node 12 wants a resource
    ...aborts, expect: [error('unclosed-callback-scope', { count: 1, stacks: { opened: 'enter' } })], allow: ['leaked-async-context'],
    twin: { steps: ['run(fn)'], end: 0 },
  }),
  ...pair(3, 'unclosed-callback-scope', 'cxx', {
    ...aborts, expect: [error('unclosed-callback-scope', { count: 1, stacks: { opened: { function: /^Enter/, mark: 'caller' } } })], allow: ['leaked-async-context'],
    twin: { steps: ['run(fn)'], end: 0 },
  }),
  // Where V8 has no scope open at all it ends the process; what was said before is the point.
  ...pair(3, 'handle-outside-scope', 'timer', {
    steps: ['run', 'sleep=50'], ...aborts, expect: [{ kind: 'handle-outside-scope', count: 1, stacks: { used: 'make_objects' } }],
    twin: { steps: ['run', 'sleep=50', 'worker[run;sleep=50]'], end: 0, runtimes: ['node'] },
  }),
  ...pair(3, 'handle-outside-scope', 'callback-scope', {
    minNode: 14, // Node 12 wants a resource
    steps: ['run', 'sleep=50'], ...aborts, expect: [{ kind: 'handle-outside-scope', count: 1, stacks: { used: 'enter' } }], allow: ['leaked-async-context'],
    on: { node26: { expect: ['enter', 'make_objects'].map((used) => ({ kind: 'handle-outside-scope', count: 1, stacks: { used } })) } },
    twin: { steps: ['run', 'sleep=50'], end: 0, runtimes: ['node'] },
  }),
  {
    // Elsewhere it works, and nothing is kept: that is why it is no leak.
    name: 'handle-outside-scope__collected', issue: 3, addons: ['handle-outside-scope__collected'], runtimes: ['bun', 'deno'],
    steps: ['run', 'until:ticked', 'gc', 'gc', 'until:collected'], options: { handle_limit: 100 }, expect: [warning('handle-outside-scope', { min: 1, stacks: { used: 'make_objects' } })],
  },
  ...pair(3, 'handle-outside-scope', 'cxx', {
    steps: ['run', 'sleep=50'], ...aborts, expect: [{ kind: 'handle-outside-scope', count: 1, stacks: { used: { function: /Tick/, mark: 'caller' } } }],
    twin: { steps: ['run', 'sleep=50'], end: 0, runtimes: ['node'] },
  }),
  ...pair(3, 'handle-growth', 'loop', { expect: [warning('handle-growth', { stacks: { created: 'make_one' } })], check: profiled('run', 150000, 'make_one') }),
  // The loop's value is made in a helper of all addons: its caller has the mark. Who made so many is told of any callback.
  ...pair(3, 'handle-growth', 'complete', {
    steps: ['run', 'sleep=50'], expect: [warning('handle-growth', { count: 1, stacks: { created: 'make_one', opened: 'fill' } })],
    check: profiled('complete', 120000, 'addon_number'), twin: { check: profiled('complete', 1000, 'addon_number') },
  }),
  ...pair(3, 'handle-growth', 'escaped', { expect: [warning('handle-growth', { count: 1, stacks: { created: 'make_one' } })] }),
  ...pair(3, 'handle-growth', 'cxx', { expect: [warning('handle-growth', { count: 1, stacks: { created: /^AddOne/ } })] }),
  {
    name: 'handle-growth-limit', issue: 3, addons: ['handle-growth__loop'], steps: ['runSome'], options: { handle_limit: 500 },
    expect: [warning('handle-growth', { stacks: { created: 'make_one' } })],
  },
  { name: 'ok-handle-growth-limit', issue: 3, addons: ['handle-growth__loop'], steps: ['runSome*5'], options: { handle_limit: 1000 } },
  ...pair(3, 'callback-info-after-return', 'kept', {
    bare: 'any', mayDie: true, steps: ['keep', 'ask', 'askNewTarget'],
    expect: [
      error('callback-info-after-return', { count: 1, stacks: { used: 'ask_kept' } }),
      error('callback-info-after-return', { count: 1, stacks: { used: { function: 'ask_target', mark: 'target' } } }),
    ],
    twin: { steps: ['ask', 'ask(fn)', 'ask(a.ask)'] },
  }),

  {
    // Of a worker that has ended: nothing of its callbacks is there any more.
    name: 'callback-info-after-return__kept-worker', issue: 3, addons: ['callback-info-after-return__kept'], runtimes: ['node'], bare: 'any', mayDie: true,
    steps: ['worker[keep]', 'ask'], expect: [error('callback-info-after-return', { count: 1, stacks: { used: 'ask_kept' } })],
  },
  ...pair(3, 'callback-info-after-return', 'cxx', {
    bare: 'any', mayDie: true, steps: ['keep', 'try:ask'],
    expect: [error('callback-info-after-return', { count: 1, stacks: { used: { function: /Arguments/, mark: 'caller' } } })],
    twin: { steps: ['keep', 'ask', 'keep(5)', 'ask'] },
  }),

  ...pair(3, 'wrong-thread-call', 'thread', { bare: 'any', mayDie: true, expect: [error('wrong-thread-call', { count: 1, stacks: { used: 'work' } })] }),
  ...pair(3, 'wrong-thread-call', 'execute', {
    bare: 'any', mayDie: true, steps: ['run', 'sleep=50'], expect: [error('wrong-thread-call', { count: 1, stacks: { used: 'execute', queued: 'queue' } })],
  }),
  ...pair(3, 'wrong-thread-call', 'reads', {
    expect: [
      warning('wrong-thread-call', { count: 1, stacks: { used: 'read_version' } }),
      warning('wrong-thread-call', { count: 1, stacks: { used: { function: 'read_instance', mark: 'instance' } } }),
    ],
  }),
  ...pair(3, 'wrong-thread-call', 'cxx', {
    bare: 'any', mayDie: true, steps: ['run(fn)', 'sleep=50'], expect: [error('wrong-thread-call', { count: 1, stacks: { used: { function: /Execute/ } } })],
  }),
  ...[
    ['thread', 'callOnThread', { thread: 'decoder', stacks: { used: 'ask' } }],
    ['execute', 'callInExecute', { thread: '[^)]+', stacks: { used: 'ask', queued: 'queue' } }],
  ].map(([name, how, judge]) => ({
    name: `wrong-thread-call__everywhere-${name}`, issue: 3, addons: ['wrong-thread-call__everywhere'], runtimes: ['node'], limitMs: 120000, custom: onOtherThreads(how, judge),
  })),
  {
    name: 'ok__wrong-thread-call__everywhere', issue: 3, addons: ['ok__wrong-thread-call__everywhere'], minNode: 18,
    steps: ['onThread', 'inExecute', 'until:called'],
  },
  {
    // Nothing but the calls on the wrong thread is said, and the program goes on as it does bare.
    name: 'wrong-thread-call__tokens', issue: 3, addons: ['wrong-thread-call__tokens'], steps: ['run(7)', 'run'], runtimes: ['node'],
    expect: [error('wrong-thread-call', { min: 2, stacks: { used: 'use' } })], allow: ['wrong-thread-call'],
    check: ({ run, report }) => {
      const found = report.findings.filter((f) => f.kind === 'wrong-thread-call');
      run.check(found.length === (run.runtime.major >= 26 ? 6 : 5) && found.every((f) => f.count === 2 && f.severity === 'error'), `${found.map((f) => `${f.count} ${f.message}`).join('\n')}`);
    },
  },
  ...pair(3, 'env-use-after-teardown', 'worker', {
    on: { deno: 'the thread of a worker may outlive its end there: the call is then one on the wrong thread' },
    bare: 'any', mayDie: true, steps: ['worker[keep]', 'use'], expect: [error('env-use-after-teardown', { count: 1, stacks: { used: 'use_kept' } })],
  }),
  ...pair(3, 'env-use-after-teardown', 'thread', {
    bare: 'any', mayDie: true, steps: ['worker[start]', 'wait'], expect: [error('env-use-after-teardown', { count: 1, stacks: { used: 'outlive' } })],
  }),

  ...pair(3, 'env-use-after-teardown', 'cxx', {
    bare: 'any', mayDie: true, steps: ['worker[start]', 'wait'], expect: [error('env-use-after-teardown', { count: 1, stacks: { used: /^Outlive/ } })],
  }),
  {
    // In the main thread, after the report: said on stderr, and nothing is handed on. A reference may be deleted even then.
    name: 'env-use-after-teardown__static', issue: 3, addons: ['env-use-after-teardown__static'], runtimes: ['node'],
    custom: async (run) => {
      // Older ones do not survive it bare.
      for (const [step, wanted] of run.runtime.major >= 20 ? [['keep', 1], ['keepReference', 0]] : [['keep', 1]]) {
        const watched = await run.under(run.drive(run.case.addons, [step]), { format: `text,json=${run.path('report.json')}` });
        const said = watched.err.match(/^napicheck: error: env-use-after-teardown: napi_create_object .* \(the process exits\); the call was not forwarded\nnapicheck: +#0 .*env-use-after-teardown__static\.node/gm) ?? [];
        run.check(said.length === wanted && endOf(watched) === 0, `${step}: ended with ${endOf(watched)}: ${watched.err}`);
        run.check(run.report(run.path('report.json')).processes[0].calls > 0, 'not watched');
      }
    },
  },
  {
    name: 'env-use-after-teardown__everywhere', issue: 3, addons: ['env-use-after-teardown__everywhere'], runtimes: ['node'], bare: 'any',
    command: (run) => run.script('every-function.cjs', run.addonPath('env-use-after-teardown__everywhere'), ...allFunctions.map(([name]) => name)),
    expect: [error('env-use-after-teardown', { min: 100, stacks: { used: 'ask' } })], check: checkEnded,
  },

  ...pair(3, 'pending-exception-ignored', 'call', {
    steps: ['run(thrower)'], expect: [warning('pending-exception-ignored', { count: 1, stacks: { used: 'go_on', failed: 'call_thrower' } })],
    twin: { steps: ['run(thrower)', 'try:pass(thrower)'] },
  }),
  ...pair(3, 'pending-exception-ignored', 'getter', {
    script: 'arguments.cjs', args: ['boom'], expect: [warning('pending-exception-ignored', { count: 1, stacks: { used: 'go_on', failed: 'read_thrower' } })],
  }),
  ...pair(3, 'pending-exception-ignored', 'cxx', {
    steps: ['try:run(thrower)'], expect: [warning('pending-exception-ignored', { count: 1, stacks: { used: /^GoOn/, failed: /^CallBack/ } })],
    twin: { steps: ['try:run(thrower)', 'run(fn)', 'retry(thrower)', 'retry(fn)'] },
  }),
  {
    name: 'ok__pending-exception-ignored__teardown', issue: 3, addons: ['ok__pending-exception-ignored__teardown'],
    // Its finalizer runs JavaScript, which is another matter.
    steps: ['x=run', 'worker[x=run]', 'terminate[x=run]'], runtimes: ['node'], options: { checks: '-finalizers' },
  },
  ...pair(3, 'failed-call', 'types', {
    on: { deno: 'napi_get_value_int32 of an object succeeds there' },
    expect: [note('failed-call', { count: 7, stacks: { used: 'ask_number' } })],
    check: ({ run, report }) => {
      const found = report.findings.find((f) => f.kind === 'failed-call');
      run.check(/napi_get_value_int32/.test(found?.message) && /napi_number_expected/.test(found?.message), `message: ${found?.message}`);
    },
  }),

  // A group that is off leaves its findings out, and nothing else: the callbacks of the others are still seen as such.
  ...[['stale-handle__complete', ['run(fn)', 'sleep=50']], ['calls__threadsafe', ['run(fn)', 'until:finalized']]].map(([name, steps]) => (
    { name: `ok-checks-handles-${name}`, issue: 3, addons: [`ok__${name}`], steps, options: { checks: 'handles' } })),
  {
    name: 'checks-handles', issue: 3, addons: ['stale-handle__complete'], steps: ['run(fn)', 'sleep=50'], options: { checks: 'handles' }, bare: 'any', mayDie: true, on: noTags,
    expect: [error('stale-handle', { count: 1, stacks: { used: 'complete' } })],
  },

  // JavaScript stacks
  {
    name: 'js-stack', issue: 3, addons: ['leaked-reference__local'], bare: 'same',
    command: (run) => run.script('js-stack.cjs', run.addonPath('leaked-reference__local')),
    expect: [{ kind: 'leaked-reference', severity: 'leak', count: 1, stacks: { created: 'keep_object' } }],
    check: ({ run, report }) => {
      const js = report.findings.find((f) => f.kind === 'leaked-reference').stacks.flatMap((s) => s.js ?? []);
      run.check(js[0]?.function === 'inner' && js[0]?.file.endsWith('js-stack.cjs') && js[0]?.line === 15 && js[0]?.column > 0, `frames: ${JSON.stringify(js)}`);
      run.check(js.some((f) => f.function === 'outer' && f.line === 18), `frames: ${JSON.stringify(js)}`);
    },
    // There only the program's own prepareStackTrace could tell: it is not run.
    on: Object.fromEntries(['bun', 'deno', 'node12', 'node14', 'node16'].map((name) => [name, { check: withoutJavaScript }])),
  },
  {
    name: 'js-stack-source-maps', issue: 3, minNode: 18, // older ones map what prepareStackTrace gets
    addons: ['leaked-reference__local'], bare: 'same', runtimes: ['node'], options: { js_stacks: 'all', exitcode: 0 },
    command: (run) => [...run.runtime.launch, '--enable-source-maps', ...run.script('js-stack-maps.cjs', run.addonPath('leaked-reference__local'), run.folder).slice(run.runtime.launch.length)],
    expect: [{ kind: 'leaked-reference', severity: 'leak', stacks: { created: 'keep_object' } }],
    check: ({ run, report, watched }) => {
      run.check(/mapped \|\s+at .*original\.ts:3:1/.test(watched.out) && /asked 1 times for mapped 1/.test(watched.out), watched.out);
      const js = report.findings.flatMap((f) => f.stacks).flatMap((s) => s.js ?? []);
      run.check(js.some((f) => f.file.endsWith('generated.cjs') && f.line === 4), `frames: ${JSON.stringify(js)}`);
    },
  },
  {
    // No stack is asked for with an exception pending or in a finalizer: the program's own error comes through, and the collector is left alone.
    name: 'js-stack-nowhere', issue: 3, addons: ['leaked-reference__no-javascript'], steps: ['try:run(thrower)', 'make', 'gc', 'gc'], options: { js_stacks: 'all' },
    expect: [
      { kind: 'leaked-reference', severity: 'leak', count: 1, stacks: { created: 'keep_pending' } },
      { kind: 'leaked-reference', severity: 'leak', count: 1, stacks: { created: { function: 'keep_finalized', mark: 'finalized' } } },
    ],
    allow: ['finalizer-gc-unsafe'], runtimes: ['node'],
    check: ({ run, report, watched }) => {
      run.check(/threw from a callback/.test(watched.out), watched.out);
      const js = report.findings.filter((f) => f.kind === 'leaked-reference' || f.kind === 'finalizer-gc-unsafe').flatMap((f) => f.stacks).flatMap((s) => s.js ?? []);
      run.check(js.length === 0, `frames: ${JSON.stringify(js)}`);
    },
  },
  ...['getter', 'proxy', 'other', 'prepare'].map((way) => ({
    name: `js-stack-${way}`, issue: 3, addons: ['leaked-reference__local'], bare: 'same',
    command: (run) => run.script('js-stack-getters.cjs', run.addonPath('leaked-reference__local'), way),
    expect: [{ kind: 'leaked-reference', severity: 'leak', count: 3, stacks: { created: 'keep_object' } }],
    check: ({ run, watched }) => run.check(watched.out === 'end\n', watched.out),
  })),
  // One native site, two callers in JavaScript: two sites.
  ...[['all', 2], ['findings', 1]].map(([word, n]) => ({
    name: `js-stacks-${word}`, issue: 3, addons: ['leaked-reference__local'], steps: ['run', 'try:run'], options: { js_stacks: word }, runtimes: ['node'],
    expect: [{ kind: 'leaked-reference', severity: 'leak', count: 2, stacks: { created: 'keep_object' } }],
    check: ({ run, report }) => {
      const found = report.findings.filter((f) => f.kind === 'leaked-reference');
      run.check(found.length === n && found.every((f) => f.stacks[0].js.length > 0), `${found.length} findings`);
    },
  })),
  {
    name: 'js-stack-off', issue: 3, addons: ['leaked-reference__local'], options: { js_stacks: 'off' },
    command: (run) => run.script('js-stack.cjs', run.addonPath('leaked-reference__local')),
    expect: [{ kind: 'leaked-reference', severity: 'leak', count: 1, stacks: { created: 'keep_object' } }],
    check: ({ run, report }) => run.check(report.findings.every((f) => f.stacks.every((s) => !s.js?.length)), 'there are JavaScript stacks'),
  },
];
