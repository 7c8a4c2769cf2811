// handles.mjs - values, scopes, threads, exceptions.
import { error, note, pair, warning } from './rows.mjs';

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
  ...stale('complete', { used: 'complete' }, { steps: ['run(fn)', 'sleep=50'] }),
  ...stale('error-info', { used: 'look_at_kept' }, { steps: ['make', 'use'], twin: { steps: ['try:make', 'try:make'] } }),
  // node-addon-api asks the type by a call that fails then, and may end by it.
  ...stale('cxx', {}, {
    steps: ['make', 'try:use'], expect: [error('stale-handle', { stacks: { used: { function: /Session::IsSet|^IsSet$/, mark: 'caller' } } })],
  }),
  { name: 'ok__v8-import', issue: 3, addons: ['ok__v8-import'], steps: ['run*10', 'run({})'], runtimes: ['node'] },

  ...wrongEnv('addons', {
    addons: ['handle-wrong-env__addons', 'handle-wrong-env__addons+copy'], steps: ['give(b.take)'],
    twin: { addons: ['ok__handle-wrong-env__addons', 'ok__handle-wrong-env__addons+copy'] },
  }),
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
  ...pair(3, 'handle-scope-mismatch', 'order', { bare: 'any', on: { bun: { mayDie: true } }, expect: [error('handle-scope-mismatch', { stacks: { used: 'close_outer', opened: 'open_outer' } })] }),
  ...pair(3, 'handle-scope-mismatch', 'twice', { bare: 'any', on: { bun: { mayDie: true } }, expect: [error('handle-scope-mismatch', { count: 1, stacks: { used: 'close_again' } })] }),
  ...pair(3, 'handle-scope-mismatch', 'function', { bare: 'any', expect: [error('handle-scope-mismatch', { count: 1, stacks: { used: 'close_as_plain', opened: 'run' } })] }),
  ...pair(3, 'escape-called-twice', 'local', { expect: [error('escape-called-twice', { count: 1, stacks: { used: 'escape_second' } })] }),
  ...pair(3, 'unclosed-callback-scope', 'callback', {
    minNode: 14, // Node 12 wants a resource
    ...aborts, expect: [error('unclosed-callback-scope', { count: 1, stacks: { opened: 'enter' } })], allow: ['leaked-async-context'],
    twin: { steps: ['run(fn)'], end: 0 },
  }),
  // Where V8 has no scope open at all it ends the process; what was said before is the point.
  ...pair(3, 'handle-outside-scope', 'timer', {
    steps: ['run', 'sleep=50'], ...aborts, expect: [{ kind: 'handle-outside-scope', count: 1, stacks: { used: 'make_objects' } }],
    twin: { steps: ['run', 'sleep=50', 'worker[run;sleep=50]'], end: 0, runtimes: ['node'] },
  }),
  ...pair(3, 'handle-growth', 'loop', { expect: [warning('handle-growth', { stacks: { created: 'make_one' } })] }),
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
  ...pair(3, 'env-use-after-teardown', 'worker', {
    on: { deno: 'the thread of a worker may outlive its end there: the call is then one on the wrong thread' },
    bare: 'any', mayDie: true, steps: ['worker[keep]', 'use'], expect: [error('env-use-after-teardown', { count: 1, stacks: { used: 'use_kept' } })],
  }),
  ...pair(3, 'env-use-after-teardown', 'thread', {
    bare: 'any', mayDie: true, steps: ['worker[start]', 'wait'], expect: [error('env-use-after-teardown', { count: 1, stacks: { used: 'outlive' } })],
  }),

  ...pair(3, 'pending-exception-ignored', 'call', {
    steps: ['run(thrower)'], expect: [warning('pending-exception-ignored', { count: 1, stacks: { used: 'go_on', failed: 'call_thrower' } })],
    twin: { steps: ['run(thrower)', 'try:pass(thrower)'] },
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

  // on_error
  {
    name: 'on-error-abort', issue: 3, addons: ['reference-use-after-delete__value'], steps: ['run'], options: { on_error: 'abort' },
    bare: 'any', endUnder: 'SIGABRT', expect: [error('reference-use-after-delete', { count: 1, stacks: { used: 'use' } })],
  },
  {
    name: 'on-error-throw', issue: 3, addons: ['reference-use-after-delete__value'], steps: ['try:run', 'print=still here'], options: { on_error: 'throw' },
    bare: 'any', expect: [error('reference-use-after-delete', { count: 1, stacks: { used: 'use' } })],
    check: ({ run, watched }) => run.check(/run threw .*napi_get_reference_value .*deleted/.test(watched.out) && /still here/.test(watched.out), watched.out),
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
    name: 'js-stack-off', issue: 3, addons: ['leaked-reference__local'], options: { js_stacks: 'off' },
    command: (run) => run.script('js-stack.cjs', run.addonPath('leaked-reference__local')),
    expect: [{ kind: 'leaked-reference', severity: 'leak', count: 1, stacks: { created: 'keep_object' } }],
    check: ({ run, report }) => run.check(report.findings.every((f) => f.stacks.every((s) => !s.js?.length)), 'there are JavaScript stacks'),
  },
];
