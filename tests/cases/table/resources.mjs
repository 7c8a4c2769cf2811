// resources.mjs - async work, threadsafe functions, promises, contexts, hooks, finalizers, external memory.
import { endOf, judgeFindings } from '../harness.mjs';
import { allFunctions, error, leak, note, pair, warning } from './rows.mjs';

const lost = (kind, stacks, fields = {}) => leak(kind, { evidence: 'lost', count: 1, stacks, ...fields });
const held = (kind, stacks, fields = {}) => note(kind, { evidence: 'held', count: 1, stacks, ...fields });

// C++ functions are named with their parameters, if any.
const cxx = (name) => ({ function: new RegExp(`^${name}(\\(|$)`) });

// Node from 24.14 on answers napi_closing as long as a thread holds the function.
const keptFunction = { expect: [warning('threadsafe-function-use-after-release', { count: 1, stacks: { created: 'make', used: 'watch' } })] };

// Collections are not told there, and node-addon-api's own finalizers are up to them.
const toldCollections = Object.fromEntries(['bun', 'deno'].map((name) => [name, 'nothing shows that the collector had its chance']));

// Each function, in a process of its own, called in a basic finalizer.
async function inEachFinalizer(run) {
  const addon = 'finalizer-gc-unsafe__everywhere', rows = [...allFunctions];
  let n_aborted = 0;
  const one = async ([name, word]) => {
    const path = run.path(`${name}.json`);
    const watched = await run.under(run.script('every-finalizer.cjs', run.addonPath(addon), name), { exitcode: 0, format: `json=${path}` });
    if (/absent/.test(watched.out)) return;
    const isAborted = /may affect GC state/.test(watched.err);
    const found = run.report(path)?.findings.filter((f) => f.kind === 'finalizer-gc-unsafe') ?? [];
    n_aborted += isAborted;
    // These two abort on NULL.
    run.check(isAborted || /^answered \d+$/m.test(watched.out) || /^napi_(un)?ref_threadsafe/.test(name), `${name}: ${endOf(watched)} ${watched.out}${watched.err.slice(-500)}`);
    run.check(!isAborted || (found.length === 1 && found[0].severity === 'error' && found[0].message.startsWith(`${name} was called`)),
      `${name}: aborts, and ${found.map((f) => f.message)} was said`);
    run.check(isAborted || noChecks.test(name) || found.length === 0, `${name}: is allowed, and ${found.map((f) => f.message)} was said`);
    run.check(isAborted || noChecks.test(name) || word !== 'ENV_THREAD', `${name}: is ${word}, and does not abort`);
    if (found.length) run.failures.push(...judgeFindings({ findings: found }, { addons: [addon], expect: [{ kind: found[0].kind, stacks: { used: 'on_collected' } }] }));
  };
  await Promise.all([1, 2, 3, 4].map(async () => { for (let row = rows.pop(); row; row = rows.pop()) await one(row); }));
  run.check(n_aborted > 100, `${n_aborted} functions abort`);
}
// Node looks at no collector in these, though the two may run JavaScript.
const noChecks = /^napi_(get_cb_info|(open|close)_callback_scope)$/;

export const resources = [
  ...pair(4, 'leaked-async-work', 'local', { steps: ['run', 'sleep=30'], expect: [lost('leaked-async-work', { created: 'start' })] }),
  ...pair(4, 'leaked-async-work', 'held', { expect: [held('leaked-async-work', { created: 'prepare' })], twin: { steps: ['run', 'until:completed'] } }),
  ...pair(4, 'async-work-deleted-early', 'queued', {
    bare: 'any', mayDie: true, steps: ['run', 'sleep=100'],
    expect: [error('async-work-deleted-early', { count: 1, stacks: { created: 'run', queued: 'queue', deleted: 'drop' } })],
    allow: ['leaked-async-work'],
  }),
  ...pair(4, 'async-work-use-after-delete', 'queue', {
    bare: 'any', steps: ['run', 'sleep=30'],
    expect: [error('async-work-use-after-delete', { count: 1, stacks: { created: 'run', deleted: 'drop', used: 'queue' } })],
  }),
  ...pair(4, 'async-work-use-after-delete', 'twice', {
    bare: 'any', steps: ['run', 'sleep=30'], limitMs: 10000,
    expect: [error('async-work-use-after-delete', { count: 1, stacks: { created: 'run', deleted: 'complete', used: 'drop_again' } })],
  }),

  ...pair(4, 'async-work-queued-twice', 'busy', {
    bare: 'any', mayDie: true, steps: ['run', 'sleep=100'], limitMs: 10000,
    expect: [error('async-work-queued-twice', { count: 1, stacks: { created: 'run', first: 'queue', used: 'queue_again' } })],
    twin: { steps: ['run*2', 'until:completed'] },
  }),
  // Node and Deno run it again, Bun does not.
  ...pair(4, 'async-work-queued-twice', 'again', {
    steps: ['run', 'sleep=100', 'executed'],
    expect: [warning('async-work-queued-twice', { count: 1, stacks: { created: 'run', first: 'run', used: 'queue_again' } })],
    twin: { steps: ['run*2', 'until:completed'] },
  }),

  // In C++ the innermost function of the addon's own stands behind node-addon-api's.
  ...pair(4, 'leaked-threadsafe-function', 'cxx', { steps: ['run(fn)'], expect: [lost('leaked-threadsafe-function', { created: cxx('Make') })], twin: { steps: ['run(fn)*3'] } }),
  ...pair(4, 'threadsafe-function-use-after-release', 'cxx', {
    bare: 'any', mayDie: true, steps: ['run(fn)', 'sleep=50', 'use'],
    expect: [error('threadsafe-function-use-after-release', { count: 1, stacks: { created: cxx('Make'), released: cxx('LetGo'), used: cxx('CallIt') } })],
  }),
  ...pair(4, 'async-work-deleted-early', 'cxx', {
    bare: 'any', mayDie: true, steps: ['run(fn)', 'sleep=300'],
    expect: [error('async-work-deleted-early', { count: 1, stacks: { deleted: cxx('Drop'), queued: cxx('Run') } })],
    allow: ['leaked-async-work', 'leaked-reference', 'async-work-use-after-delete'],
    twin: { steps: ['await:run', 'run', 'await:run'] },
  }),
  ...pair(4, 'unsettled-deferred', 'cxx', { expect: [lost('unsettled-deferred', { created: cxx('Open') })], twin: { steps: ['try:await:run', 'await:run(1)'] } }),
  ...pair(4, 'leaked-async-work', 'growing-cxx', {
    steps: [], command: (run) => run.script('each-turn.cjs', ...run.case.addons.map((a) => run.addonPath(a)), '60', '3', '40'),
    expect: [leak('leaked-async-work', { evidence: 'growing', count: 180, stacks: { created: cxx('Make') } })], on: toldCollections,
  }),
  ...pair(4, 'threadsafe-function-over-release', 'cxx', {
    bare: 'any', steps: ['run(fn)', 'sleep=50'],
    expect: [error('threadsafe-function-over-release', { count: 1, stacks: { created: cxx('Run'), released: cxx('LetGo'), used: cxx('LetGoAgain') } })],
    twin: { steps: ['run(fn)*3', 'sleep=50'] },
  }),
  ...pair(4, 'deferred-settled-twice', 'cxx', {
    bare: 'any', mayDie: true, steps: ['try:run'], expect: [error('deferred-settled-twice', { count: 1, stacks: { created: cxx('Run'), first: cxx('Finish'), used: cxx('Stop') } })],
    twin: { steps: ['await:run'] },
  }),
  ...pair(4, 'leaked-async-context', 'cxx', {
    steps: ['run(fn)'], expect: [held('leaked-async-context', { created: cxx('Make') })],
    on: { deno: 'Deno crashes in napi_make_callback' }, twin: { on: { deno: 'Deno crashes in napi_make_callback' } },
  }),
  ...pair(4, 'instance-data-replaced', 'cxx', { expect: [warning('instance-data-replaced', { count: 1, stacks: { first: cxx('Run'), used: cxx('SetAgain') } })] }),
  ...pair(4, 'growing-cleanup-hooks', 'cxx', {
    steps: [], command: (run) => run.script('each-turn.cjs', ...run.case.addons.map((a) => run.addonPath(a)), '60', '3', '40'),
    expect: [leak('growing-cleanup-hooks', { stacks: { created: cxx('AddHook') } })], on: toldCollections,
  }),
  ...pair(4, 'external-without-finalizer', 'cxx', { steps: ['run*3', 'gc'], expect: [note('external-without-finalizer', { count: 3, stacks: { created: cxx('Make') } })] }),
  ...pair(4, 'finalizer-gc-unsafe', 'cxx', {
    steps: ['run*3', 'gc'], expect: [warning('finalizer-gc-unsafe', { count: 3, stacks: { used: cxx('File::Finalize') } })], runtimes: ['node'],
  }),
  // A list that grows through the whole run is a leak of each kind.
  ...pair(4, 'leaked-async-work', 'growing', {
    steps: [], command: (run) => run.script('each-turn.cjs', ...run.case.addons.map((a) => run.addonPath(a)), '60', '3'),
    expect: [['leaked-async-work', 'make_work'], ['leaked-threadsafe-function', 'make_function'], ['unsettled-deferred', 'make_promise'], ['leaked-async-context', 'make_context']]
      .map(([kind, created]) => leak(kind, { evidence: 'growing', count: 180, stacks: { created } })),
  }),

  ...pair(4, 'leaked-threadsafe-function', 'local', { expect: [lost('leaked-threadsafe-function', { created: 'make' })] }),
  ...pair(4, 'leaked-threadsafe-function', 'count', { expect: [lost('leaked-threadsafe-function', { created: 'make' })] }),
  ...pair(4, 'leaked-threadsafe-function', 'held', { expect: [held('leaked-threadsafe-function', { created: 'make' })] }),
  // What keeps a process alive is said when it is ended by a timeout, and when it is asked for.
  {
    name: 'leaked-threadsafe-function__keeps-alive', issue: 4, kind: 'leaked-threadsafe-function',
    addons: ['leaked-threadsafe-function__keeps-alive'], runtimes: ['node'],
    custom: async (run) => {
      const [addon] = run.case.addons;
      const wanted = [/kept alive by 1 async work, queued or running, made in queue at .*keeps-alive\.c:\d+/,
        /kept alive by 1 referenced threadsafe function, made in make at .*keeps-alive\.c:\d+/];
      const timed = await run.napicheck('run', '--timeout=2', '--', ...run.drive([addon], ['run']));
      const asked = await run.under(run.script('report-self.cjs', run.tool, run.addonPath(addon)), {});
      run.check(timed.code === 143, `ended with ${timed.code} after the timeout`);
      run.check(asked.signal === 'SIGKILL', `ended with ${asked.code ?? asked.signal} after the report`);
      for (const line of wanted) {
        run.check(line.test(timed.err.split('ended by napicheck')[1] ?? ''), `not in the report after a timeout: ${line}\n${timed.err}`);
        run.check(line.test(asked.out), `not in the report of the running process: ${line}\n${asked.out}`);
      }
      run.check(/note leaked-async-work \(queued\)/.test(asked.out) && /note leaked-threadsafe-function \(live\)/.test(asked.out), asked.out);
    },
  },
  { name: 'ok__leaked-threadsafe-function__keeps-alive', issue: 4, addons: ['ok__leaked-threadsafe-function__keeps-alive'], steps: ['run'] },
  ...pair(4, 'threadsafe-function-use-after-release', 'call', {
    bare: 'any', steps: ['run', 'sleep=50', 'use'],
    expect: [error('threadsafe-function-use-after-release', { count: 1, stacks: { created: 'run', released: 'release', used: 'call_it' } })],
  }),
  ...pair(4, 'threadsafe-function-use-after-release', 'closing', {
    bare: 'any', steps: ['run', 'sleep=50'], on: { deno: 'Deno waits for ever for an aborted function' },
    expect: [error('threadsafe-function-use-after-release', { count: 1, stacks: { created: 'run', used: 'call_once_more' } })],
    twin: { on: { deno: 'Deno waits for ever for an aborted function' } },
  }),
  // The other thread's hold is there still, so the function is; whether it was this thread's own that was taken nobody knows.
  ...pair(4, 'threadsafe-function-use-after-release', 'told', {
    steps: ['run', 'sleep=50'], on: { deno: 'Deno waits for ever for an aborted function' },
    expect: [warning('threadsafe-function-use-after-release', { count: 1, stacks: { created: 'run', released: 'let_go', used: 'call_once_more' } })],
    twin: { on: { deno: 'Deno waits for ever for an aborted function' } },
  }),
  ...pair(4, 'threadsafe-function-over-release', 'told', {
    steps: ['run', 'sleep=50'], on: { deno: 'Deno waits for ever for an aborted function' },
    expect: [warning('threadsafe-function-over-release', { count: 1, stacks: { created: 'run', released: 'let_go', used: 'release_too' } })],
    twin: { on: { deno: 'Deno waits for ever for an aborted function' } },
  }),
  ...pair(4, 'threadsafe-function-use-after-release', 'no-finalizer', {
    bare: 'any', mayDie: true, steps: ['run', 'sleep=50'],
    expect: [error('threadsafe-function-use-after-release', { count: 1, stacks: { created: 'run', released: 'release', used: 'call_it' } })],
  }),
  // Where it keeps the function, the runtime answers napi_closing, and all is well.
  ...pair(4, 'threadsafe-function-use-after-release', 'ending', {
    steps: ['run', 'sleep=10'], bare: 'any', mayDie: true, runtimes: ['node'], expect: [{ kind: 'threadsafe-function-use-after-release', min: 1, stacks: { used: 'tick', created: 'make' } }],
    allow: ['threadsafe-function-use-after-release', 'leaked-threadsafe-function'], on: Object.fromEntries(['node24', 'node26'].map((name) => [name, { expect: [] }])),
  }),
  ...pair(4, 'threadsafe-function-use-after-release', 'worker', {
    // Stays loaded in the main thread: Node would unmap it with the worker, under the thread's feet.
    bare: 'any', steps: ['worker[start]', 'letCall'], runtimes: ['node'],
    expect: [error('threadsafe-function-use-after-release', { count: 1, stacks: { created: 'make', used: 'watch' } })],
    allow: ['leaked-threadsafe-function'], on: { node24: keptFunction, node26: keptFunction }, twin: { steps: ['worker[start;sleep=20]', 'terminate[start;sleep=20]'] },
  }),
  ...pair(4, 'threadsafe-function-over-release', 'twice', {
    bare: 'any', steps: ['run', 'sleep=50'],
    expect: [error('threadsafe-function-over-release', { count: 1, stacks: { created: 'run', used: 'release_again' } })],
    twin: { steps: ['run(2000)', 'until:called'] },
  }),
  {
    name: 'ok-threadsafe-function-100000', issue: 4, addons: ['ok__threadsafe-function-over-release__twice'], steps: ['run(100000)', 'until:called'],
    calls: 800000, limitMs: 120000,
  },

  ...pair(4, 'unsettled-deferred', 'local', { expect: [lost('unsettled-deferred', { created: 'promise' })], twin: { steps: ['await:run', 'await:run', 'try:await:reject'] } }),
  ...pair(4, 'unsettled-deferred', 'held', { expect: [held('unsettled-deferred', { created: 'promise' })], twin: { steps: ['x=run', 'stop'] } }),
  ...pair(4, 'deferred-settled-twice', 'both', {
    bare: 'any', expect: [error('deferred-settled-twice', { count: 1, stacks: { created: 'run', first: 'resolve', used: 'reject' } })],
  }),
  ...pair(4, 'async-context-use-after-destroy', 'call', {
    bare: 'any', mayDie: true, steps: ['run(fn)'],
    expect: ['used', 'opened', 'again'].map((mark, i) => error('async-context-use-after-destroy', {
      count: 1, stacks: { used: { function: ['call', 'open_scope', 'destroy_again'][i], mark }, deleted: 'destroy', created: 'create' } })),
    twin: { steps: ['run(fn)'], on: { deno: 'Deno crashes in napi_make_callback' } },
  }),
  ...pair(4, 'leaked-async-context', 'local', { expect: [lost('leaked-async-context', { created: 'make' })], twin: { steps: ['run(fn)'], on: { deno: 'Deno crashes in napi_make_callback' } } }),

  // Node waits for ever for the hook's end, or leaves: what it does is its own business.
  ...pair(4, 'async-cleanup-hook-not-removed', 'end', {
    bare: 'any', mayDie: true, limitMs: 5000, expect: [warning('async-cleanup-hook-not-removed', { count: 1, stacks: { created: 'add_hook' } })],
    twin: { on: { deno: 'Deno frees the handle twice' } },
  }),

  // As bcrypt, zeromq and @duckdb/node-api do when a worker is terminated with work queued.
  // With C++ exceptions OnOK is left by the time that nobody can be told of its exception.
  ...[['', cxx('Reader::OnOK')], ['+exceptions', { function: /^Napi::AsyncWorker::OnWorkComplete\(/, noLine: true }]].map(([flavour, used]) => ({
    name: `abort-at-teardown__cxx${flavour}`, issue: 4, kind: 'abort-at-teardown', addons: [`abort-at-teardown__cxx${flavour}`], steps: ['terminate[run]'],
    end: 'SIGABRT', endUnder: 'SIGABRT', isNoisy: true, runtimes: ['node'],
    expect: [warning('abort-at-teardown', { count: 1, message: /complete callback of an async work .*while env \d+ was being torn down/, stacks: { used } })],
  })),
  { name: 'ok__abort-at-teardown__cxx', issue: 4, kind: 'abort-at-teardown', addons: ['ok__abort-at-teardown__cxx'], steps: ['terminate[run]'], runtimes: ['node'] },
  ...pair(4, 'abort-at-teardown', 'complete', {
    steps: ['terminate[run]'], end: 'SIGABRT', endUnder: 'SIGABRT', isNoisy: true, runtimes: ['node'],
    expect: [warning('abort-at-teardown', {
      count: 1, message: /complete callback of an async work .*while env \d+ was being torn down.*napi_resolve_deferred had failed/,
      stacks: { used: 'give_up', callback: { function: 'complete', noLine: true } },
    })],
    twin: { end: 0, runtimes: undefined },
  }),

  ...pair(4, 'finalizer-after-owner', 'instance', {
    steps: ['x=run'], expect: [warning('finalizer-after-owner', { count: 1, stacks: { callback: { function: 'on_collected', noLine: true }, owner: { function: 'drop_pool', noLine: true } } })], runtimes: ['node'],
  }),
  ...pair(4, 'finalizer-after-owner', 'hook', {
    steps: ['x=run'], expect: [warning('finalizer-after-owner', { count: 1, stacks: { callback: { function: 'on_collected', noLine: true }, owner: { function: 'on_end', noLine: true } } })], runtimes: ['node'],
  }),
  // Notes, and of the object that is there when the env ends alone.
  {
    name: 'ok__finalizer-after-owner__close', issue: 4, addons: ['ok__finalizer-after-owner__close'], steps: ['open', 'gc', 'x=open'], runtimes: ['node'],
    expect: [
      note('finalizer-after-owner', { count: 1, stacks: { callback: { function: 'on_collected', noLine: true }, owner: { function: 'on_end', noLine: true } } }),
      note('cleanup-hook-unknown', { count: 1, message: /but it has run$/, stacks: { used: 'on_collected' } }),
    ],
  },
  {
    name: 'ok__finalizer-gc-unsafe__counts', issue: 4, addons: ['ok__finalizer-gc-unsafe__counts'], steps: ['run*3', 'gc'], runtimes: ['node'],
    expect: [
      note('finalizer-gc-unsafe', { count: 3, message: /^napi_get_reference_value/, stacks: { used: { function: 'on_collected', mark: 'value' } } }),
      note('finalizer-gc-unsafe', { count: 3, message: /^napi_reference_unref/, stacks: { used: { function: 'on_collected', mark: 'unref' } } }),
    ],
  },
  ...pair(4, 'finalizer-gc-unsafe', 'plain', {
    steps: ['run*3', 'gc'], expect: [warning('finalizer-gc-unsafe', { count: 3, stacks: { used: 'on_collected' } })], runtimes: ['node'],
  }),
  ...pair(4, 'finalizer-gc-unsafe', 'experimental', {
    steps: ['run', 'gc'], end: 'SIGABRT', endUnder: 'SIGABRT', expect: [error('finalizer-gc-unsafe', { count: 1, stacks: { used: 'on_collected' } })],
    runtimes: ['node'], minNode: '22', twin: { steps: ['run*3', 'gc', 'count'], end: 0 },
  }),
  ...pair(4, 'finalizer-gc-unsafe', 'scope', {
    steps: ['run', 'gc'], end: 'SIGABRT', endUnder: 'SIGABRT', expect: [error('finalizer-gc-unsafe', { count: 1, stacks: { used: 'on_collected' } })],
    runtimes: ['node'], minNode: '22', twin: { steps: ['run*3', 'gc', 'count'], end: 0 },
  }),
  {
    // What the runtime aborts on is what was said before, function by function: the classes of shim/napi_api.def are Node's own.
    name: 'finalizer-gc-unsafe__everywhere', issue: 4, addons: ['finalizer-gc-unsafe__everywhere'], runtimes: ['node'], minNode: '22', limitMs: 300000,
    custom: inEachFinalizer,
  },
  // No Node leaves a finalizer out when an env ends in order, and what Bun and Deno leave out no addon can change:
  // tests/unit/shim_ledger.c has the finding.
  { name: 'ok__finalizer-never-ran__worker', issue: 4, addons: ['ok__finalizer-never-ran__worker'], steps: ['worker[x=run]'] },
  { name: 'ok-finalizer-runs-at-end-of-worker', issue: 4, addons: ['finalizer-never-ran__worker'], steps: ['worker[x=run]', 'terminate[x=run]'], runtimes: ['node'] },
  ...pair(4, 'instance-data-replaced', 'twice', { expect: [warning('instance-data-replaced', { count: 1, stacks: { used: 'set_again' } })] }),
  ...pair(4, 'finalizer-backlog', 'loop', {
    steps: [], command: (run) => run.script('backlog.cjs', run.addonPath('finalizer-backlog__loop'), 'sync'),
    expect: [warning('finalizer-backlog', { stacks: { created: 'make_one' } })], runtimes: ['node'],
    twin: { command: (run) => run.script('backlog.cjs', run.addonPath('ok__finalizer-backlog__loop'), 'turns') },
  }),
  ...pair(4, 'external-without-finalizer', 'buffer', { steps: ['run*3', 'gc'], expect: [note('external-without-finalizer', { count: 3, stacks: { created: 'make' } })] }),
  // Memory that was allocated, never freed, and that nothing points to is a leak.
  ...pair(4, 'external-without-finalizer', 'lost', {
    command: (run) => run.script('orphans.cjs', run.addonPath('external-without-finalizer__lost'), 'run'), runtimes: ['node'],
    expect: ['make_small', 'make_large', 'make_huge'].map((created) => leak('external-without-finalizer', { evidence: 'lost', min: 20, stacks: { created } })),
    twin: null,
  }),
  ...['at-once', 'each-round', 'at-end', 'alive', 'number', 'middle', 'flags', 'ofStatic', 'inArena'].map((how) => ({
    name: `ok__external-without-finalizer__lost-${how}`, issue: 4, kind: 'external-without-finalizer', addons: ['ok__external-without-finalizer__lost'], runtimes: ['node'],
    command: (run) => run.script('orphans.cjs', run.addonPath('ok__external-without-finalizer__lost'), how),
  })),
  ...pair(4, 'external-pointer-shared', 'two', {
    steps: ['x=run'], expect: [warning('external-pointer-shared', { count: 1, stacks: { first: 'run', used: 'make_second' } })],
  }),
  ...pair(4, 'growing-cleanup-hooks', 'each-call', {
    steps: [], command: (run) => run.script('each-turn.cjs', ...run.case.addons.map((a) => run.addonPath(a)), '150', '20'),
    expect: [leak('growing-cleanup-hooks', { stacks: { created: 'add_hook' } })],
  }),
  {
    name: 'ok__cleanup-hook-unknown__itself', issue: 4, addons: ['ok__cleanup-hook-unknown__itself'], steps: ['run'], runtimes: ['node'],
    expect: [note('cleanup-hook-unknown', { count: 1, message: /but it runs now$/, stacks: { used: 'on_end' } })],
  },
  ...pair(4, 'cleanup-hook-unknown', 'never', {
    expect: [warning('cleanup-hook-unknown', { count: 1, stacks: { used: 'remove_hook' } })], on: { bun: { bare: 'any', mayDie: true }, deno: { bare: 'any', mayDie: true, end: 1 } },
  }),
  ...pair(4, 'external-memory-drift', 'never-back', {
    steps: ['run*4'], expect: [note('external-memory-drift', { count: 1, message: /ended with 390000 bytes .*: \+400000, -10000$/, stacks: { used: 'announce' } })],
  }),
  // Finalizers at the end of the env take back as well.
  ...pair(4, 'external-memory-drift', 'finalizer', {
    steps: ['run*4', 'x=run'], runtimes: ['node'],
    expect: [note('external-memory-drift', { count: 1, message: /ended with 200000 bytes /, stacks: { used: 'announce' } })],
    twin: {
      steps: ['run*4', 'gc', 'x=run', 'keep', 'worker[x=run;keep]', 'terminate[x=run;keep]'],
      check: ({ run, report }) => run.check(!report.findings.some((finding) => finding.kind === 'external-memory-drift'), JSON.stringify(report.findings)),
    },
  }),
  ...pair(4, 'cleanup-hook-duplicate', 'same', {
    end: 'SIGABRT', endUnder: 'SIGABRT', expect: [error('cleanup-hook-duplicate', { count: 1, stacks: { first: 'run', used: 'add_again' } })],
    runtimes: ['node'], twin: { end: 0 },
  }),
  // Deno frees the handle after the hook has run, and the hook that removes it before.
  ...pair(4, 'cleanup-hook-duplicate', 'async', {
    expect: [warning('cleanup-hook-duplicate', { count: 1, stacks: { first: 'run', used: 'add_again' } })],
    on: { bun: { bare: 'any', mayDie: true, expect: [error('cleanup-hook-duplicate', { count: 1, stacks: { first: 'run', used: 'add_again' } })] },
      deno: 'Deno frees the handle twice' },
    twin: { on: { deno: 'Deno frees the handle twice' } },
  }),
  ...pair(4, 'wrap-reference-deleted-early', 'at-once', {
    minNode: 18, // before, the finalizer runs all the same
    steps: ['run*3', 'gc'], expect: [warning('wrap-reference-deleted-early', { count: 3, stacks: { created: 'wrap_object', deleted: 'wrap_object' } })],
    runtimes: ['node'], twin: { runtimes: undefined },
  }),

  // What node's own 6_object_wrap/nested_wrap does; on Node 12 the other finalizer runs all the same, and crashes.
  {
    name: 'ok__wrap-reference-deleted-early__two', issue: 4, addons: ['ok__wrap-reference-deleted-early__two'], steps: ['run*3', 'gc', 'x=run'],
    runtimes: ['node'], minNode: 18,
  },
  ...pair(4, 'wrap-reference-deleted-early', 'lost', {
    minNode: 18, steps: ['run*200', 'gc', 'run*200', 'gc'], runtimes: ['node'],
    expect: [leak('wrap-reference-deleted-early', { evidence: 'lost', min: 50, stacks: { created: 'wrap_object', deleted: 'wrap_object' } })],
    allow: ['wrap-reference-deleted-early'],
    twin: { expect: [warning('wrap-reference-deleted-early', { count: 400, stacks: { created: 'run', deleted: 'dispose' } })] },
  }),

  ...pair(5, 'growing-references', 'cycle', {
    // Their finalizers at the end delete all of it before a hook tells of the end: it looks collected.
    on: { bun: 'what goes at the end looks collected there', deno: 'what goes at the end looks collected there' },
    steps: [], command: (run) => run.script('cycle.cjs', ...run.case.addons.map((a) => run.addonPath(a))),
    expect: [leak('growing-references', { stacks: { created: 'listen' } })],
  }),
  ...pair(5, 'growing-references', 'heavy', {
    steps: [], command: (run) => run.script('each-turn.cjs', ...run.case.addons.map((a) => run.addonPath(a)), '150', '1'),
    expect: [
      leak('leaked-async-work', { evidence: 'growing', stacks: { created: { function: 'keep_work', mark: 'work' } } }),
      leak('leaked-threadsafe-function', { evidence: 'growing', stacks: { created: { function: 'keep_function', mark: 'function' } } }),
      leak('unsettled-deferred', { evidence: 'growing', stacks: { created: { function: 'keep_promise', mark: 'promise' } } }),
      leak('leaked-async-context', { evidence: 'growing', stacks: { created: { function: 'keep_context', mark: 'context' } } }),
    ],
    runtimes: ['node'],
  }),
  ...['pool', 'ring', 'burst', 'startup', 'own', 'own-short', 'own-test'].map((shape) => ({
    name: `ok-growing-${shape}`, issue: 5, addons: ['ok__growing-references__shapes'],
    command: (run) => run.script('shapes.cjs', run.addonPath('ok__growing-references__shapes'), shape),
  })),
  // The same of works, threadsafe functions, promises and contexts; a ring of them is ok__growing-references__heavy.
  ...['pool', 'burst', 'startup'].map((shape) => ({
    name: `ok-growing-heavy-${shape}`, issue: 5, addons: ['ok__growing-references__heavy-shapes'], runtimes: ['node'],
    command: (run) => run.script('shapes.cjs', run.addonPath('ok__growing-references__heavy-shapes'), shape),
    check: ({ run, report }) => run.check(['async_work', 'threadsafe_function', 'deferred', 'async_context'].every((kind) => report.counters[kind].created > 100), `made were ${JSON.stringify(report.counters)}`),
  })),
  // A cache of them that is filled once, and used from then on.
  {
    name: 'ok-growing-heavy-filled-once', issue: 5, addons: ['growing-references__heavy'], runtimes: ['node'],
    command: (run) => run.script('each-turn.cjs', run.addonPath('growing-references__heavy'), '40', '3', '150'),
    check: ({ run, report }) => run.check(report.findings.filter((f) => f.evidence === 'held' && f.count === 120).length >= 4, `held are ${report.findings.map((f) => `${f.kind} ${f.evidence} ${f.count}`)}`),
  },
  // A program that loads one addon after the other, each of which keeps what its initialiser made.
  {
    name: 'ok-growing-only-loads', issue: 5, addons: ['leaked-reference__init'], runtimes: ['node'],
    command: (run) => run.script('load-copies.cjs', run.addonPath('leaked-reference__init'), '60', run.folder),
    check: ({ run, report }) => run.check(report.counters.reference.created >= 60, `made were ${JSON.stringify(report.counters.reference)}`),
  },
  // Growth, and what is none: a list that only grows, a cache filled once, a ring, a burst.
  {
    name: 'leaked-reference-growing-list', issue: 5, addons: ['leaked-reference__held-heap-list'],
    command: (run) => run.script('each-turn.cjs', run.addonPath('leaked-reference__held-heap-list'), '150', '20'),
    expect: [{ kind: 'growing-references', severity: 'leak', stacks: { created: 'list_push' } }],
  },
  {
    name: 'ok-growing-cache-filled-once', issue: 5, addons: ['leaked-reference__held-heap-list'],
    command: (run) => run.script('each-turn.cjs', run.addonPath('leaked-reference__held-heap-list'), '20', '20', '130'),
  },
  {
    name: 'ok-growing-burst-at-start', issue: 5, addons: ['leaked-reference__held-heap-list'],
    command: (run) => run.script('each-turn.cjs', run.addonPath('leaked-reference__held-heap-list'), '1', '500', '30'),
  },
  {
    name: 'ok-growing-short-program', issue: 5, addons: ['leaked-reference__held-heap-list'],
    command: (run) => run.script('each-turn.cjs', run.addonPath('leaked-reference__held-heap-list'), '3', '5'),
  },
];
