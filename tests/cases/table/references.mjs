// references.mjs - references: leaks lost and held, use after delete, counts, envs, values that never were one.
import { error, leak, note, pair } from './rows.mjs';

const lost = (fields) => leak('leaked-reference', { evidence: 'lost', ...fields });
const lostWeak = (fields) => leak('leaked-weak-reference', { evidence: 'lost', ...fields });
const held = (fields) => note('leaked-reference', { evidence: 'held', ...fields });
const noReference = (kind) => ({ check: ({ run, report }) => run.check(!report.findings.some((f) => f.kind === kind), `a ${kind} is reported`) });

const lostPair = (variant, fn, { count = 1, ...row } = {}) =>
  pair(2, 'leaked-reference', variant, { expect: [lost({ count, stacks: { created: fn } })], ...row });
const heldPair = (variant, fn, { count = 1, ...row } = {}) =>
  pair(2, 'leaked-reference', `held-${variant}`, { expect: [held({ count, stacks: { created: fn } })], ...row });

// Uses of references that the runtime must not see: the bare run is undefined.
const misuse = (kind, variant, stacks, row = {}) =>
  pair(2, kind, variant, { bare: 'any', expect: [error(kind, { count: 1, stacks })], ...row });

// Nothing names a line of the addon: the names did come from the symbol table.
const withoutLines = ({ run, report }) => {
  const frames = report.findings.flatMap((f) => f.stacks).flatMap((s) => s.frames);
  run.check(frames.length > 0 && frames.every((f) => !f.line), `lines: ${JSON.stringify(frames)}`);
};

export const references = [
  ...lostPair('local', 'keep_object', { steps: ['run*10', 'gc'], count: 10 }),
  ...lostPair('dead-stack', 'fill_frame', { steps: ['run'] }),
  ...lostPair('freed-holder', 'holder_new', { steps: ['run*7'], count: 7 }),
  ...pair(2, 'leaked-reference', 'overwritten', {
    steps: ['run*5'],
    expect: [lost({ count: 4, stacks: { created: 'remember' } }), held({ count: 1, stacks: { created: 'remember' } })],
  }),
  // What one call deletes is counted with the function that made it.
  ...lostPair('one-deleter', 'make_handler', {
    steps: ['run*5'], count: 5,
    check: ({ run, report }) => {
      const { site } = report.findings.find((f) => f.kind === 'leaked-reference');
      const told = [site.created, site.released, ...site.fates.map((f) => [f.verb, f.count, f.frame?.function])];
      run.check(JSON.stringify(told) === JSON.stringify([30, 25, ['deleted', 25, 'release']]), `the site tells ${JSON.stringify(told)}`);
    },
    twin: { steps: ['run*5'] },
  }),
  // More than wait to be used again: the books are kept in another way then, and are the same.
  ...lostPair('many', 'make_handler', {
    steps: ['run'],
    check: ({ run, report }) => {
      const { site } = report.findings.find((f) => f.kind === 'leaked-reference');
      const told = [site.created, site.released, site.live, site.peak, ...site.fates.map((f) => [f.verb, f.count, f.frame?.function])];
      run.check(JSON.stringify(told) === JSON.stringify([50000, 49999, 1, 5, ['deleted', 49995, 'release'], ['deleted', 4, 'release']]), `the site tells ${JSON.stringify(told)}`);
      const { counters: { reference } } = report;
      const counted = [reference.created, reference.live, reference.peak];
      run.check(JSON.stringify(counted) === JSON.stringify([50000, 1, 5]), `counted are ${JSON.stringify(counted)}`);
    },
    twin: { steps: ['run'] },
  }),
  ...lostPair('counted', 'share_object'),
  ...lostPair('value-types', 'lose', { count: 8, on: { node12: 'no reference to a symbol there' }, twin: { on: { node12: 'no reference to a symbol there' } } }),
  ...lostPair('any-value', 'lose', { count: 6, runtimes: ['node'], minNode: 18 }),
  ...lostPair('any-value-v10', 'lose', { count: 2, minNode: '22.14', runtimes: ['node'] }),
  ...lostPair('wrap', 'wrap_object', { steps: ['run*3', 'gc'], count: 3 }),
  ...lostPair('constructor', 'keep_object', { steps: ['run*2'], count: 2 }),
  ...lostPair('dlsym', 'keep_object', {
    steps: ['run', 'runDefault'], count: 2, twin: { steps: ['run', 'probe'] },
  }),
  ...pair(2, 'leaked-reference', 'inlined', {
    expect: [lost({ count: 1, stacks: { created: ['keep_inlined', { function: 'outer', mark: 'caller' }] } })],
  }),
  ...lostPair('deep', 'descend'),
  {
    name: 'leaked-reference__unloaded', issue: 2, addons: [],
    command: (run) => run.script('only-in-workers.cjs', run.addonPath('leaked-reference__unloaded'), '2', 'run'),
    expect: [lost({ count: 2, addon: 'leaked-reference__unloaded', stacks: { created: 'keep_object' } })],
  },
  {
    name: 'ok__leaked-reference__unloaded', issue: 2, addons: [],
    command: (run) => run.script('only-in-workers.cjs', run.addonPath('ok__leaked-reference__unloaded'), '3', 'run'),
  },
  ...pair(2, 'leaked-reference', 'cxx', {
    expect: [lost({ count: 1, stacks: { created: { function: 'demo::Cache::Put(Napi::Object)', mark: 'wrapper' } } })],
  }),
  // Names of C++ and Rust, from debug information with lines, and from the symbol table alone.
  {
    name: 'leaked-reference__cxx+symbols', issue: 2, addons: ['leaked-reference__cxx+symbols'], steps: ['run'],
    expect: [lost({ count: 1, stacks: { created: { function: 'demo::Cache::Put(Napi::Object)', noLine: true } } })],
    check: withoutLines,
  },
  ...['legacy', 'v0', 'legacy-symbols', 'v0-symbols'].flatMap((flavour) => [{
    name: `leaked-reference__rust+${flavour}`, issue: 2, addons: [`leaked-reference__rust+${flavour}`], steps: ['run'],
    expect: [lost({ count: 1, stacks: { created: { function: 'leaking_cache::cache::store::keep_forever', noLine: flavour.endsWith('symbols') } } })],
    check: flavour.endsWith('symbols') ? withoutLines : undefined,
  }, {
    name: `ok__leaked-reference__rust+${flavour}`, issue: 2, addons: [`ok__leaked-reference__rust+${flavour}`], steps: ['run'],
  }]),
  // What was done to each reference, in its order, and what the forgotten ones lack.
  ...pair(5, 'leaked-reference', 'history', {
    steps: ['run', 'spin'], options: { history: 'full' },
    expect: [lost({ count: 3, stacks: { created: ['make', { function: 'forget', noLine: true }] } }), { kind: 'leaked-reference', count: 1, stacks: { created: ['make', { function: 'turn_over', noLine: true }] } }],
    check({ run, report }) {
      const [finding] = report.findings.filter((f) => f.count === 3);
      const told = (history) => history.steps.map((s) => [s.action, s.count, s.stack?.frames[0].function ?? ''].join(' ')).join(', ');
      const own = finding.histories.filter((h) => !h.ended), ended = finding.histories.filter((h) => h.ended);
      run.check(own.length === 1 && own[0].count === 3 && told(own[0]) === 'created 1 , referenced 2 share', `histories of the lost are ${own.map(told)}`);
      run.check(ended.length === 1 && ended[0].count === 20 && told(ended[0]) === 'created 1 , referenced 2 share, unreferenced 1 unshare, deleted  drop', `histories of the others are ${ended.map(told)}`);
      run.check(finding.facts.some((f) => /^20 others .*were then unreferenced \(1\) in unshare .*, then deleted in drop /.test(f)), `no lack is told: ${finding.facts}`);
      // A thousand turns are two repeated steps.
      const [turned] = report.findings.filter((f) => f.count === 1);
      const steps = turned.histories.find((h) => !h.ended).steps;
      run.check(steps.length < 12 && steps.some((s) => s.repeated), `a repeated history has ${steps.length} steps`);
    },
    twin: { options: { history: 'full' } },
  }),
  {
    name: 'leaked-reference-history-of-sites', issue: 5, addons: ['leaked-reference__history'], steps: ['run'],
    expect: [lost({ count: 3 })],
    check({ run, report }) {
      const [finding] = report.findings;
      run.check(finding.histories.length === 0, 'histories were kept without being asked for');
      run.check(finding.facts.some((f) => /^20 others, .* were deleted in drop at leaked-reference__history\.c:22$/.test(f)), `the missing delete is not told: ${finding.facts}`);
      run.check(finding.facts.some((f) => /were unreferenced 20 times in unshare at /.test(f)), `the missing unreference is not told: ${finding.facts}`);
    },
  },
  // What they hold.
  ...pair(5, 'leaked-reference', 'memory', {
    expect: [lost({ count: 104, stacks: { created: 'lose' } })],
    check({ run, report }) {
      const find = (function_) => report.findings.find((f) => f.stacks[0].frames[1].function === function_);
      const told = (function_) => `${find(function_).bytes} ${find(function_).values.map((v) => `${v.count} ${v.type} ${v.bytes}`)}`;
      const wanted = {
        lose_buffers: '6356992 97 ArrayBuffer 6356992', lose_views: '4096 5 typed array 4096',
        lose_dataview: '80 1 DataView 80', lose_others: '0 1 array 0',
      };
      for (const [name, text] of Object.entries(wanted)) run.check(told(name) === text, `${name} holds ${told(name)}`);
      run.check(find('lose_buffers').facts.includes('97 references hold 6.1 MiB of ArrayBuffer'), `facts are ${find('lose_buffers').facts}`);
      run.check(report.summary.leaked_bytes === report.findings.filter((f) => f.severity === 'leak').reduce((n, f) => n + f.bytes, 0), 'the sum is another');
    },
  }),
  // Where the memory that held the last copy was given back. The frames of the allocator's and of the
  // standard library's that stand before the addon's own do not matter.
  ...pair(5, 'leaked-reference', 'loss', {
    steps: ['run*3', 'cut', 'unmap', 'elsewhere*2'],
    expect: [
      lost({ count: 3, stacks: { created: 'make_holder', lost: 'drop_holder' }, message: /make_holder/ }),
      lost({ count: 1, stacks: { created: 'make_array', lost: 'cut_array' } }),
      lost({ count: 1, stacks: { created: 'make_page', lost: 'drop_page' } }),
      lost({ count: 2, stacks: { created: 'make_holder', lost: 'drop_on_thread' } }),
    ],
    twin: { steps: ['run*3', 'cut', 'unmap', 'elsewhere*2', 'threads*2', 'worker[threads;cut]'] },
  }),
  ...pair(5, 'leaked-reference', 'loss-cxx', {
    steps: ['run*2', 'wide*2', 'fill'], on: Object.fromEntries(['node12', 'node14', 'node16'].map((old) => [old, 'has an operator delete of its own, which is not watched'])),
    expect: [
      lost({ count: 2, stacks: { created: /Open\b/, lost: /Close\b/ } }),
      lost({ count: 2, stacks: { created: /OpenWide\b/, lost: /CloseWide\b/ } }),
      lost({ count: 100, stacks: { created: /Fill\b/, lost: /Fill\b/ } }),
    ],
  }),
  ...['legacy', 'v0'].flatMap((mangling) => [{
    name: `leaked-reference__loss-rust+${mangling}`, issue: 5, addons: [`leaked-reference__loss-rust+${mangling}`], steps: ['run*2'],
    expect: [lost({ count: 2, stacks: { created: /open_session$/, lost: /close_session$/ } })],
  }, {
    name: `ok__leaked-reference__loss-rust+${mangling}`, issue: 5, addons: [`ok__leaked-reference__loss-rust+${mangling}`], steps: ['run*2'],
  }]),
  // Off, it names nothing.
  {
    name: 'leaked-reference-without-loss', issue: 5, addons: ['leaked-reference__loss'], steps: ['unmap'], options: { loss: 0 },
    expect: [lost({ count: 1, stacks: { created: 'make_page' } })],
    check: ({ run, report }) => run.check(report.findings.every((f) => f.stacks.every((s) => s.role !== 'lost')), 'a place of loss is named'),
  },
  // How the addon was linked must not matter.
  ...['eager', 'lazy', 'no-plt'].map((linking) => ({
    name: `leaked-reference__local+${linking}`, issue: 2, addons: [`leaked-reference__local+${linking}`], steps: ['run*3'],
    expect: [lost({ count: 3, stacks: { created: 'keep_object' } })],
  })),
  {
    name: 'leaked-reference__local+stripped', issue: 2, addons: ['leaked-reference__local+stripped'], steps: ['run*3'],
    expect: [lost({ count: 3, stacks: { created: { noName: true } } })],
  },
  ...['clang', 'O3', 'no-frame-pointer'].map((flavour) => ({
    name: `leaked-reference__local+${flavour}`, issue: 2, addons: [`leaked-reference__local+${flavour}`], steps: ['run*3'],
    expect: [lost({ count: 3, stacks: { created: 'keep_object' } })],
  })),

  ...heldPair('static', 'keep_constructor'),
  ...heldPair('heap-list', 'list_push', { steps: ['run*20'], count: 20 }),
  ...heldPair('thread-local', 'keep_callback', { twin: { steps: ['run', 'stop'] } }),
  ...heldPair('packed', 'keep_entry', { steps: ['run*9'], count: 9, twin: { steps: ['run*9', 'stop'] } }),
  ...heldPair('tag-bits', 'keep_tagged', { steps: ['run*8'], count: 8, twin: { steps: ['run*8', 'stop'] } }),
  ...heldPair('shared-mapping', 'keep_shared', { steps: ['run*3'], count: 3, twin: { steps: ['run*3', 'stop'] } }),
  ...heldPair('file-mapping', 'keep_in_pool', { steps: ['run*3'], count: 3, twin: { steps: ['run*3', 'stop'] } }),
  ...heldPair('arena', 'keep_in_arena'),
  ...heldPair('sealed-page', 'keep_sealed', { twin: { steps: ['run', 'stop'] } }),
  ...heldPair('other-stack', 'hand_over'),
  ...heldPair('live-frame', 'call_with_reference', {
    steps: [], command: (run) => run.script('exit-inside-call.cjs', run.addonPath('leaked-reference__held-live-frame')), twin: null,
  }),
  ...heldPair('external', 'fill_box', { steps: ['k=run', 'gc'], twin: { steps: ['k=run', 'gc', 'run', 'gc'] } }),
  ...pair(2, 'leaked-reference', 'held-vector', {
    steps: [], command: (run) => run.script('listeners.cjs', ...run.case.addons.map((a) => run.addonPath(a))),
    expect: [held({ count: 12 })],
  }),
  ...pair(2, 'leaked-reference', 'init', {
    steps: ['gc'], expect: [held({ count: 1, stacks: { created: { function: 'napi_register_module_v1' } } })],
    twin: { ...noReference('leaked-reference'), on: { deno: 'a finalizer of instance data may delete nothing there' } },
  }),
  // What held means is the user's choice.
  {
    name: 'leak-check-all', issue: 2, addons: ['leaked-reference__held-static'], steps: ['run'],
    options: { leak_check: 'all' }, expect: [leak('leaked-reference', { evidence: 'held', count: 1, stacks: { created: 'keep_constructor' } })],
  },
  {
    name: 'leak-check-none', issue: 2, addons: ['leaked-reference__local'], steps: ['run'],
    options: { leak_check: 'none' }, check: ({ run, report }) => run.check(report.summary.leak === 0, 'leaks are counted'),
  },
  {
    name: 'leak-check-growing-only', issue: 2, addons: ['leaked-reference__local'], steps: ['run'],
    options: { leak_check: 'growing' }, check: ({ run, report }) => run.check(report.summary.leak === 0, 'a lost one is counted'),
  },

  ...pair(2, 'leaked-weak-reference', 'local', { steps: ['run*5', 'gc'], expect: [lostWeak({ count: 5, stacks: { created: 'watch_object' } })] }),
  ...pair(2, 'leaked-weak-reference', 'unref', { steps: ['run*5', 'gc'], expect: [lostWeak({ count: 5, stacks: { created: 'borrow_object' } })] }),
  ...pair(2, 'leaked-weak-reference', 'wrap', { steps: ['k=run', 'gc'], expect: [lostWeak({ count: 1, stacks: { created: 'wrap_object' } })] }),
  ...pair(2, 'leaked-weak-reference', 'add-finalizer', { steps: ['run*4', 'gc'], expect: [lostWeak({ count: 4, stacks: { created: 'attach' } })] }),

  ...misuse('reference-use-after-delete', 'value', { created: 'make', deleted: 'drop', used: 'use' }),
  ...misuse('reference-use-after-delete', 'reused', { created: 'make_first', deleted: 'drop_first', used: 'use_first' }),
  ...misuse('reference-use-after-delete', 'ref', { created: 'run', deleted: 'drop', used: 'strengthen' }),
  ...misuse('reference-use-after-delete', 'unref', { created: 'run', deleted: 'drop', used: 'weaken' }),
  ...misuse('reference-use-after-delete', 'finalizer', { created: 'run', deleted: 'drop', used: 'on_collected' }, { steps: ['run', 'gc'], options: { checks: 'references' }, twin: { options: { checks: 'references' } } }),
  ...misuse('reference-double-delete', 'local', { created: 'run', deleted: 'drop_on_error', used: 'drop_at_end' }),
  ...misuse('reference-double-delete', 'finalizer', { created: 'run', deleted: 'native_close', used: 'on_collected' }, { steps: ['run', 'gc'] }),
  // Nothing is left of the addon's frame there: the callback is named.
  ...[['', undefined], ['-one-frame', { stack_depth: 1 }]].map(([suffix, options]) => ({
    name: `reference-double-delete__tail${suffix}`, issue: 3, addons: ['reference-double-delete__tail'], steps: ['run', 'gc', 'sleep=50'], options, bare: 'any', runtimes: ['node'],
    expect: [
      error('reference-double-delete', { count: 1, stacks: { used: 'on_collected' } }),
      error('reference-double-delete', { count: 1, stacks: { used: { function: 'complete', mark: 'complete' } } }),
      error('reference-double-delete', { count: 1, stacks: { used: { function: 'on_hook', mark: 'hook' } } }),
    ],
    check: ({ run, report, watched }) => {
      run.check(report.findings.every((f) => f.module === 'reference-double-delete__tail.node'), report.findings.map((f) => f.module).join());
      run.check(!/#0 .*libnapicheck/.test(watched.err), watched.err);
    },
  })),
  ...misuse('reference-double-delete', 'reused', { created: 'run', deleted: 'run', used: 'drop_again' }),
  ...misuse('reference-count-underflow', 'twice', { created: 'run', used: 'weaken_again' }, { bare: 'same' }),
  ...misuse('reference-count-underflow', 'weak', { created: 'run', used: 'weaken' }, { bare: 'same' }),
  ...misuse('reference-wrong-env', 'addons', { created: { function: 'make' }, used: 'use_foreign' }, {
    addons: ['reference-wrong-env__addons', 'reference-wrong-env__addons+copy'], steps: ['x=make', 'b.use($x)', 'drop'],
    twin: {
      addons: ['ok__reference-wrong-env__addons', 'ok__reference-wrong-env__addons+copy'],
      steps: ['x=make', 'b.use($x)', 'drop', 'b.drop'],
    },
  }),
  // Node 18 makes a handle in the other thread's isolate, and stops there; Deno panics, and exits with 1.
  ...misuse('reference-wrong-env', 'worker', { created: 'make', used: 'use_static' }, {
    mayDie: true, on: { deno: { endUnder: 1 } }, steps: ['make', 'worker[use]', 'drop'], twin: { steps: ['make', 'use', 'worker[make;use]', 'use'] },
  }),
  ...misuse('reference-wrong-env', 'ended', { created: 'make', used: 'use_static' }, { mayDie: true, on: { deno: { endUnder: 1 } }, steps: ['worker[make]', 'use'] }),
  ...misuse('invalid-reference', 'integer', { used: 'use' }),
  ...misuse('invalid-reference', 'memory', { used: 'drop' }),
  ...misuse('invalid-reference', 'value', { used: 'use' }),
  ...misuse('invalid-reference', 'other-kind', { used: 'drop' }),
  // The same site a thousand times is one finding with a count, said once.
  {
    name: 'reference-use-after-delete-counted', issue: 2, bare: 'any', addons: ['reference-use-after-delete__value'], steps: ['run*1000'],
    expect: [error('reference-use-after-delete', { count: 1000, stacks: { used: 'use' } })],
    check: ({ run, watched }) => run.check(watched.err.split('\n').length < 120, 'a repeated error floods stderr'),
  },

  {
    name: 'ok__object-wrap', issue: 2, addons: ['ok__object-wrap'], steps: ['run', 'gc', 'run', 'gc'],
  },
  // Envs: workers, several addons, the same addon again.
  {
    name: 'leaked-reference-in-workers', issue: 2, addons: ['leaked-reference__local'], steps: ['run*2', 'workers*3[run*4;gc]'],
    expect: [lost({ count: 14, stacks: { created: 'keep_object' } })],
  },
  {
    name: 'leaked-reference-in-terminated-worker', issue: 2, addons: ['leaked-reference__local'], steps: ['terminate[run*4]'],
    expect: [lost({ count: 4, stacks: { created: 'keep_object' } })],
  },
  {
    name: 'ok-in-workers', issue: 2, addons: ['ok__leaked-reference__init', 'ok__object-wrap'], steps: ['b.run', 'workers*3[b.run;gc]', 'terminate[b.run]', 'b.run'],
    ...noReference('leaked-reference'), on: { deno: { check: undefined } }, // as above: notes
  },
  {
    name: 'leaked-reference-in-two-addons', issue: 2, addons: ['leaked-reference__local', 'leaked-reference__freed-holder'], steps: ['run*2', 'b.run*3'],
    expect: [
      lost({ count: 2, stacks: { created: 'keep_object' } }),
      lost({ count: 3, addon: 'leaked-reference__freed-holder', stacks: { created: 'holder_new' } }),
    ],
    check: ({ run, report }) => {
      const modules = report.findings.filter((f) => f.severity === 'leak').map((f) => f.module).sort();
      run.check(modules.join() === 'leaked-reference__freed-holder.node,leaked-reference__local.node', `modules are ${modules}`);
      run.check(report.processes[0].modules.length === 2, 'two modules are loaded');
    },
  },
  {
    name: 'leaked-reference-many-addons', issue: 2, addons: [], bare: 'same',
    command: (run) => run.script('many-copies.cjs', run.addonPath('leaked-reference__local'), '30', run.folder),
    expect: [lost({ count: 30, addon: 'leaked-reference__local', stacks: { created: 'keep_object' } })],
  },
  {
    name: 'leaked-reference-after-reload', issue: 2, addons: ['leaked-reference__local'], steps: ['run', 'reload', 'run', 'reload', 'run'],
    expect: [lost({ count: 3, stacks: { created: 'keep_object' } })], runtimes: ['node'],
  },
];
