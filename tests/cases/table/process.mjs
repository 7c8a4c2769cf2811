// process.mjs - how processes end, what children see, programs that have nothing to do with addons.
import { existsSync, mkdirSync, copyFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { endOf, marksOf, root, sourceOf } from '../harness.mjs';
import { error, leak } from './rows.mjs';

const lost = (fields) => leak('leaked-reference', { evidence: 'lost', stacks: { created: 'keep_object' }, ...fields });
const nodeOnly = ['node'];

// Every way to end after five references were lost. "how" and "code" are those of the report.
const endings = [
  { name: 'natural', steps: [], end: 0, how: 'exit' },
  { name: 'process-exit-0', steps: ['exit=0'], end: 0, how: 'exit' },
  { name: 'process-exit-3', steps: ['exit=3'], end: 3, how: 'exit' },
  { name: 'exit-code-4', steps: ['code=4'], end: 4, how: 'exit' },
  { name: 'uncaught-exception', steps: ['throw=on purpose'], end: 1, how: 'exit' },
  { name: 'unhandled-rejection', steps: ['reject=on purpose'], end: 1, how: 'exit', minNode: 15 },
  { name: 'native-exit', steps: ['exit'], end: 5, how: 'exit' },
  { name: 'native-quick-exit', steps: ['quickExit'], end: 6, how: 'exit' },
  { name: 'native-underscore-exit', steps: ['underscoreExit'], end: 7, how: 'exit' },
  { name: 'native-abort', steps: ['abort'], end: 'SIGABRT', how: 'signal' },
  { name: 'native-assert', steps: ['assert'], end: 'SIGABRT', how: 'signal' },
  { name: 'fatal-error', steps: ['fatal'], end: 'SIGABRT', how: 'signal' },
  { name: 'process-abort', steps: ['processAbort'], end: 'SIGABRT', how: 'signal' },
];
const endRows = endings.flatMap(({ name, steps, end, how, minNode }) => [
  {
    name: `end-${name}`, issue: 2, minNode, addons: ['leaked-reference__ends'], steps: ['run*5', 'gc', ...steps], end,
    expect: [lost({ count: 5 })],
    // Bun and Deno end in ways of their own after a fatal error or an exception; the rows are about Node there. Bun
    // is killed by its own signal, so no search of memory was made.
    on: name === 'fatal-error' ? {
      bun: { mayDie: true, check: undefined, expect: [{ kind: 'leaked-reference', count: 5, stacks: { created: 'keep_object' } }] },
      deno: { mayDie: true, check: undefined },
    } : undefined,
    check: ({ run, report }) => {
      const [process] = report?.processes ?? [];
      run.check(process?.end?.how === how, `the report says that it ended by ${process?.end?.how}, not by ${how}`);
      if (how === 'exit') run.check(process?.end?.code === end, `the report says that it ended with ${process?.end?.code}`);
    },
  },
  {
    name: `ok-end-${name}`, issue: 2, minNode, addons: ['ok__leaked-reference__ends'], steps: ['run*5', 'gc', ...steps], end,
    // The runtime prints its own stack, with addresses.
    isNoisy: /fatal|abort|assert/.test(name), on: name === 'fatal-error' ? { bun: { mayDie: true } } : undefined,
  },
]);

// An env that ends while async work of its own is queued, in all forms; the addon does nothing wrong.
const queued = [
  { name: 'natural', steps: ['run'] },
  { name: 'process-exit', steps: ['run', 'exit=0'] },
  { name: 'process-exit-3', steps: ['run', 'exit=3'], end: 3 },
  { name: 'uncaught-exception', steps: ['run', 'throw=on purpose'], end: 1 },
  { name: 'process-abort', steps: ['run', 'processAbort'], end: 'SIGABRT' },
  { name: 'signal', steps: ['run', 'kill=SIGTERM'], end: 'SIGTERM', leavesRecord: true, record: 'report' },
  { name: 'worker', steps: ['worker[run]', 'workers*3[run]'] },
  { name: 'worker-terminated', steps: ['terminate[run]', 'run', 'terminate[run]'] },
  { name: 'worker-alive-at-exit', steps: ['background[run;sleep=9000]', 'sleep=1500', 'run', 'exit=0'] },
  { name: 'worker-exception', minNode: 15, steps: ['try:await:run', 'background[run;throw=on purpose]', 'sleep=1500', 'run'], end: 1 },
].map(({ name, end = 0, ...fields }) => ({
  name: `ok-end-work-queued-${name}`, issue: 4, addons: ['ok__abort-at-teardown__complete'], end, endUnder: end,
  // What a runtime writes about an exception or an abort has addresses in it.
  isNoisy: end !== 0, ...(name === 'worker-exception' ? { isNoisy: true } : {}), runtimes: nodeOnly, ...fields,
}));

// The same addon in the main thread and in workers, each of which loses something of its own.
const together = [
  { name: 'natural', steps: ['background[run*5;sleep=20]', 'run*5', 'join', 'workers*2[run*5]'], count: 20, envs: 4 },
  { name: 'terminated', steps: ['run*5', 'terminate[run*5]'], count: 10, envs: 2 },
  { name: 'worker-alive-at-exit', steps: ['run*5', 'background[run*5;sleep=9000]', 'sleep=1500', 'exit=0'], count: 10, envs: 2 },
  { name: 'worker-alive-at-abort', steps: ['run*5', 'background[run*5;sleep=9000]', 'sleep=1500', 'abort'], count: 10, envs: 2, end: 'SIGABRT' },
].map(({ name, steps, count, envs, end = 0 }) => ({
  name: `end-main-and-workers-${name}`, issue: 4, addons: ['leaked-reference__ends'], steps, end, expect: [lost({ count })], runtimes: nodeOnly,
  check: ({ run, report }) => {
    const [finding] = report.findings;
    run.check(finding.envs.length === envs && finding.envs.every((e) => e.count === 5), `by env: ${JSON.stringify(finding.envs)}`);
  },
}));

// Ends after which nothing of ours runs: the record stays, and is read by hand.
const killed = [
  { name: 'kill', steps: ['kill'], end: 'SIGKILL', addons: ['leaked-reference__ends'] },
  { name: 'kill-from-outside', steps: ['kill=SIGKILL'], end: 'SIGKILL' },
  { name: 'term', steps: ['term'], end: 'SIGTERM' },
  { name: 'segv', steps: ['segv'], end: 'SIGSEGV' },
].map(({ name, steps, end }) => ({
  name: `killed-${name}`, issue: 2, addons: ['leaked-reference__ends'], steps: ['run*5', ...steps], end, record: 'report',
  // What a scan would have said is not known any more, so no severity is asked for.
  expect: [{ kind: 'leaked-reference', count: 5, stacks: { created: 'keep_object' } }],
  endUnder: end, leavesRecord: true, runtimes: nodeOnly,
}));

// What a worker lost is said when it ends, once a call site, and by the reader: it knows what is suppressed.
const verdicts = [
  { mode: 'natural', said: 1 },
  { mode: 'exit', said: 1 },
  { mode: 'terminate', said: 1 },
  { mode: 'together', said: 1, workers: 4 },
  { mode: 'natural', name: 'suppressed', said: 0, options: (run) => {
    writeFileSync(run.path('a.supp'), 'leaked-reference:keep_object\n');
    return { suppressions: run.path('a.supp') };
  } },
  { mode: 'natural', name: 'not-shown', said: 0, options: () => ({ show: 'error,warning' }) },
  { mode: 'natural', name: 'leak-check-none', said: 0, leaks: 0, options: () => ({ leak_check: 'none' }) },
  { mode: 'natural', name: 'json-only', said: 0, options: (run) => ({ format: `json=${run.path('report.json')}` }) },
  { mode: 'together', name: 'ok', said: 0, leaks: 0, workers: 4, addon: 'ok__leaked-reference__ends' },
].map(({ mode, name, said, leaks = 5, workers = 2, addon = 'leaked-reference__ends', options }) => ({
  name: name === 'ok' ? `ok-worker-verdict-${mode}` : `worker-verdict-${name ?? mode}`, issue: 4, addons: [addon],
  custom: async (run) => {
    const settings = { format: `text,json=${run.path('report.json')}`, ...options?.(run) };
    const watched = await run.under(run.script('worker-verdict.cjs', run.addonPath(addon), '5', mode), settings);
    run.check(watched.out === 'end of workers\n', `stdout: ${watched.out}`);
    const [atEnd, later] = watched.err.split('the second has ended\n');
    const lines = atEnd.match(/^napicheck: leak: leaked-reference: .*$/gm) ?? [];
    run.check(lines.length === said, `said ${lines.length} times when a worker ended:\n${watched.err}`);
    // Bun and Deno say that a worker has ended before its thread has.
    if (said && run.runtime.name === 'node') run.check(/keep_object[^]*the first has ended/.test(atEnd), `not said at the end of the worker:\n${watched.err}`);
    if (said) run.check(/5 strong references .* in keep_object at .* \(env \d+ of the worker thread \d+, which has ended\)/.test(lines[0]), lines[0]);
    if (!said && !leaks) run.check(atEnd.trim() === 'the first has ended' && later === '', watched.err);
    const report = run.report(run.path('report.json'));
    const ofWorkers = report.processes[0].envs.filter((env) => !env.main);
    run.check(ofWorkers.length === workers, `${ofWorkers.length} envs of workers in the report`);
    // Deno does not wait for the thread of a worker that it terminates.
    for (const env of ofWorkers) {
      run.check(env.lost === leaks && (env.end !== null || run.runtime.name === 'deno') && env.end_ms >= env.start_ms, `an env of a worker: ${JSON.stringify(env)}`);
    }
    const all = [...report.findings, ...report.accepted_findings].filter((f) => f.kind === 'leaked-reference' && f.severity === 'leak');
    run.check(all.length === (leaks ? 1 : 0), JSON.stringify(all));
    if (leaks) {
      run.check(all[0].count === leaks * workers, `count ${all[0].count}`);
      run.check(all[0].envs.length === workers && all[0].envs.every((e) => e.count === leaks), JSON.stringify(all[0].envs));
    }
  },
}));

// Programs without addons: the same to the byte, and nothing left behind.
const plain = (name, command, settings = {}) => ({
  name: `plain-${name}`, issue: 2,
  custom: async (run) => {
    const bare = await run.bare(command(run), settings);
    for (const options of [{}, { format: `text,json=${run.path('report.json')}`, verbosity: 1 }]) {
      const watched = await run.under(command(run), options, settings);
      run.check(endOf(watched) === endOf(bare), `ended with ${endOf(watched)}, bare with ${endOf(bare)}`);
      run.check(watched.out === bare.out, `stdout differs:\n${watched.out}`);
      run.check(watched.err === bare.err, `stderr differs:\n${watched.err}`);
    }
    run.check(run.leftovers().length === 0, `left behind: ${run.leftovers()}`);
  },
});

export const process_ = [
  ...endRows,
  ...killed,
  ...verdicts,
  ...queued,
  ...together,
  {
    name: 'end-exec', issue: 2, addons: ['leaked-reference__ends'], steps: ['run', 'exec'], runtimes: nodeOnly,
    custom: async (run) => {
      const watched = await run.under(run.drive(run.case.addons, run.case.steps), { record: run.path('record.nck') });
      run.check(endOf(watched) === 9, `exec: ${endOf(watched)} ${watched.out} ${watched.err}`);
    },
  },
  // An exec that fails is no end: one report, and it is that of the end. Where it could not be foreseen (tracing is
  // forbidden, and the file looks like a program) the report has been made before, unless a launcher makes it.
  ...[{ name: 'bare' }, { name: 'launched' }, { name: 'untraced', forbid: 'console.log(a.forbidTracing());' }, { name: 'untraced-launched', forbid: 'console.log(a.forbidTracing());' }].map(({ name, forbid = '' }) => ({
    name: `exec-fails-${name}`, issue: 6, addons: ['leaked-reference__ends'], runtimes: nodeOnly,
    custom: async (run) => {
      const traced = forbid === '', launched = name.endsWith('launched');
      const file = (called, text) => { writeFileSync(run.path(called), text, { mode: 0o755 }); return JSON.stringify(run.path(called)); };
      const script = file('no-interpreter', '#!/nonexistent\n'), text = file('no-program', 'neither\n');
      const nowhere = `a.execFails('/nonexistent', 1)`;
      writeFileSync(run.path('program.cjs'), `const a = require(${JSON.stringify(run.addonPath('leaked-reference__ends'))}); const some = () => { for (let i = 0; i < 5; i++) a.run(); };
        some(); ${forbid} console.log(${traced || launched ? `a.execFails(${script}, 1), a.execFails(${text}, 1), a.execFails('/bin/true', 1 << 18), ` : ''}${nowhere}); some(); console.log('end');`);
      const command = [...run.runtime.launch, run.path('program.cjs')];
      const result = launched ? await run.launch(command) : await run.under(command, { format: `text,json=${run.path('report.json')}` });
      const report = launched ? result.report : run.report(run.path('report.json'));
      run.check(endOf(result) === 23, `ended with ${endOf(result)}: ${result.err}`);
      run.check(result.out === `${forbid && 'true\n'}${traced || launched ? '2 8 7 2' : '2'}\nend\n`, `stdout: ${result.out}`);
      if (!launched) run.check(result.err.split('napicheck: SUMMARY').length === 2, `not one report: ${result.err}`);
      run.check(report?.processes.length === 1 && report.processes[0].end.how === 'exit' && report.processes[0].end.code === 0, JSON.stringify(report?.processes));
      run.check(report?.findings.find((f) => f.severity === 'leak')?.count === 10, JSON.stringify(report?.findings));
    },
  })),
  {
    name: 'exec-happens-once', issue: 6, addons: ['leaked-reference__ends'], runtimes: nodeOnly,
    custom: async (run) => {
      const log = run.path('log');
      writeFileSync(run.path('once'), `#!/bin/sh\necho $0 >> ${log}; exit 9\n`, { mode: 0o755 });
      writeFileSync(run.path('program.cjs'), `require(${JSON.stringify(run.addonPath('leaked-reference__ends'))}).execFails(${JSON.stringify(run.path('once'))}, 1)`);
      const watched = await run.under([...run.runtime.launch, run.path('program.cjs')], { verbosity: 1 });
      run.check(endOf(watched) === 9 && watched.err.split('napicheck: SUMMARY').length === 2, `${endOf(watched)} ${watched.err}`);
      run.check(readFileSync(log, 'utf8') === `${run.path('once')}\n`, readFileSync(log, 'utf8'));
    },
  },
  // A runtime that is newer than the tool: one of its functions has a name that nobody knows. (The name is one with the
  // same hash, so that the loader finds it.) The addon that uses it works and is not checked; another one is.
  ...['ok__calls__future', 'ok__calls__future+dlsym', 'ok__calls__future+eager'].map((addon) => ({
    name: addon, issue: 2, addons: [addon, 'leaked-reference__local'], runtimes: nodeOnly, minNode: 14,
    custom: async (run) => {
      const known = Buffer.from('\0napi_object_freeze\0'), future = Buffer.from('\0napi_object_gQeeze\0');
      const patched = (from, to) => {
        const program = readFileSync(from);
        let n = 0;
        for (let at = program.indexOf(known); at >= 0; at = program.indexOf(known, at), n++) program.set(future, at);
        writeFileSync(to, program, { mode: 0o755 });
        return n;
      };
      const env = {};
      if (!patched(run.runtime.path, run.path('node'))) { // built with a shared library
        const maps = await run.bare([run.runtime.path, '-p', "require('fs').readFileSync('/proc/self/maps', 'utf8')"]);
        const [library] = /\/\S*\/libnode\.so\S*/.exec(maps.out) ?? [];
        run.check(library && patched(library, run.path(basename(library))), 'no such function in the runtime');
        env.LD_LIBRARY_PATH = `${run.folder}:${process.env.LD_LIBRARY_PATH ?? ''}`;
      }
      writeFileSync(run.path('program.cjs'), `const a = require(${JSON.stringify(run.addonPath(addon))}); console.log(Object.isFrozen(a.run({ a: 1 })));
        if (process.argv[2]) { const b = require(${JSON.stringify(run.addonPath('leaked-reference__local'))}); for (let i = 0; i < 5; i++) b.run({}); }`);
      const command = [run.path('node'), ...run.runtime.launch.slice(1), run.path('program.cjs')];
      const bare = await run.bare(command, { env });
      run.check(endOf(bare) === 0 && bare.out === 'true\n', `bare: ${endOf(bare)} ${bare.out}${bare.err}`);
      const alone = await run.under(command, {}, { env });
      run.check(endOf(alone) === 0 && alone.out === 'true\n', `${endOf(alone)} ${alone.out}${alone.err}`);
      run.check(/^napicheck: \S+ is not checked: it uses functions [^\n]*\n$/.test(alone.err), alone.err);
      run.check(endOf(await run.under(command, { require: '*' }, { env })) === 24, 'require is met by an addon that is not checked');
      const both = await run.under([...command, 'both'], { format: `text,json=${run.path('report.json')}` }, { env });
      const report = run.report(run.path('report.json'));
      run.check(endOf(both) === 23 && both.out === 'true\n' && report?.findings.find((f) => f.severity === 'leak')?.count === 5, `${endOf(both)} ${both.out}${both.err}`);
      run.check(/^not known to this napicheck, and not watched: napi_object_gQeeze of node /m.test(both.err) && /^ok__calls__future\S* is not checked/m.test(both.err), both.err);
      const [its] = report?.processes ?? [];
      run.check(its?.unwatched_functions.join() === 'napi_object_gQeeze', JSON.stringify(its?.unwatched_functions));
      run.check(JSON.stringify(its?.modules.map((m) => m.watched)) === '[false,true]', JSON.stringify(its?.modules));
      rmSync(run.path('node'));
    },
  })),
  {
    name: 'fork-with-references', issue: 2, addons: ['leaked-reference__fork'], runtimes: nodeOnly,
    steps: ['run*5', 'forkUnderscoreExit', 'forkExec', 'vforkExec', 'run'], expect: [lost({ count: 6 })],
    check: ({ run, watched }) => run.check(watched.err.split('napicheck: SUMMARY').length === 2, `a child has reported as well: ${watched.err}`),
  },
  { name: 'ok-fork', issue: 2, addons: ['ok__leaked-reference__fork'], steps: ['run*3', 'gc'], runtimes: nodeOnly },
  // A child is a process of its own: its own verdict, which the parent sees as its exit code.
  {
    name: 'child-is-traced', issue: 2, addons: ['leaked-reference__local'], runtimes: nodeOnly,
    env: { ANOTHER: 'x'.repeat(50000) }, // LD_PRELOAD may stand far back
    custom: async (run) => {
      const command = run.drive(run.case.addons, ['child[run]']);
      const watched = await run.under(command, {});
      run.check(/child -> 23/.test(watched.out), `the child's verdict is lost: ${watched.out}`);
      run.check(endOf(watched) === 0, `the parent ended with ${endOf(watched)}`);
      run.check(watched.err.includes('keep_object'), `the child's report is missing: ${watched.err}`);
      const untraced = await run.under(command, { trace_children: 0 });
      run.check(/child -> 0/.test(untraced.out), `trace_children=0: ${untraced.out}${untraced.err}`);
      run.check(run.leftovers().length === 0, `left behind: ${run.leftovers()}`);
    },
  },
  {
    name: 'ok-child-with-messages', issue: 2, addons: ['ok__leaked-reference__local'], runtimes: nodeOnly,
    command: (run) => run.script('messages.cjs', run.addonPath('ok__leaked-reference__local')),
  },
  {
    name: 'ok-exit-while-workers-run', issue: 2, addons: [],
    command: (run) => run.script('busy-workers.cjs', run.addonPath('ok__leaked-reference__local')),
  },
  {
    name: 'ok-program-changes-folder', issue: 2, addons: ['ok__leaked-reference__local'],
    custom: async (run) => {
      const command = run.script('change-folder.cjs', run.addonPath('ok__leaked-reference__local'));
      const watched = await run.under(command, { format: 'text,json=relative.json' });
      run.check(endOf(watched) === 0, watched.err);
      run.report(run.path('relative.json'));
    },
  },
  // An error is said at once: a program that is killed by it has said why.
  {
    name: 'error-said-at-once', issue: 2, addons: ['reference-use-after-delete__value'], runtimes: nodeOnly,
    custom: async (run) => {
      const watched = await run.under(run.drive(run.case.addons, ['run', 'kill=SIGKILL']), { record: run.path('record.nck') });
      run.check(endOf(watched) === 'SIGKILL', `ended with ${endOf(watched)}`);
      run.check(watched.err.includes('reference-use-after-delete'), `nothing was said: ${watched.err}`);
    },
  },
  // The same finding has the same fingerprint in another run, another folder, another build.
  {
    name: 'fingerprint-is-stable', issue: 2, addons: ['leaked-reference__local'],
    custom: async (run) => {
      const prints = [];
      const folder = run.path('elsewhere');
      mkdirSync(folder);
      copyFileSync(run.addonPath('leaked-reference__local'), `${folder}/leaked-reference__local.node`);
      for (const addon of [run.addonPath('leaked-reference__local'), `${folder}/leaked-reference__local.node`]) {
        const command = run.drive([], ['run*3']);
        command[command.indexOf('')] = addon;
        await run.under(command, { format: `json=${run.path('report.json')}` });
        const report = run.report(run.path('report.json'));
        prints.push(report?.findings.filter((f) => f.severity === 'leak').map((f) => f.fingerprint).join());
      }
      run.check(prints[0] && prints[0] === prints[1], `fingerprints differ: ${prints}`);
    },
  },
  // A real package, prebuilt and stripped, as the demo shows it: each Buffer of 200 synchronous calls stays referenced.
  {
    name: 'real-package', issue: 2, addons: [],
    command: (run) => [...run.runtime.launch, join(root, 'scripts/example/snappy.js')],
    expect: [lost({ count: 200, stacks: undefined })],
    check: ({ run, report }) => {
      const found = report.findings.filter((f) => f.severity === 'leak');
      run.check(found.every((f) => f.package === '@napi-rs/snappy-linux-x64-gnu@7.2.0'), `packages: ${found.map((f) => f.package)}`);
    },
  },
  // The text shows the line itself, unless the source is newer than what was compiled from it.
  {
    name: 'source-line', issue: 2, addons: ['leaked-reference__local'],
    custom: async (run) => {
      const [marked] = marksOf('leaked-reference__local').created;
      const line = readFileSync(sourceOf('leaked-reference__local'), 'utf8').split('\n')[marked - 1].trim();
      const addon = run.path('a.node');
      for (const isOld of [false, true]) {
        copyFileSync(run.addonPath('leaked-reference__local'), addon);
        if (isOld) utimesSync(addon, 1e9, 1e9);
        const command = run.drive([], ['run']);
        command[command.indexOf('')] = addon;
        const watched = await run.under(command);
        run.check(watched.err.includes(`leaked-reference__local.c:${marked}\n`), `the line is not named: ${watched.err}`);
        run.check(watched.err.includes(`\n          ${line}\n`) !== isOld, `${line} is ${isOld ? '' : 'not '}shown: ${watched.err}`);
      }
    },
  },
  // What the report says of the process, its modules and the counts.
  {
    name: 'report-facts', issue: 2, addons: ['leaked-reference__counted'], runtimes: nodeOnly,
    custom: async (run) => {
      const folder = run.path('node_modules/@demo/cache/build/Release');
      mkdirSync(folder, { recursive: true });
      copyFileSync(run.addonPath('leaked-reference__counted'), `${folder}/cache.node`);
      writeFileSync(run.path('node_modules/@demo/cache/package.json'), '{"name":"@demo/cache","version":"3.2.1"}');
      const command = run.drive([], ['run*7', 'exit=0']);
      command[command.indexOf('')] = `${folder}/cache.node`;
      const watched = await run.under(command, { format: `text,json=${run.path('report.json')}` });
      const report = run.report(run.path('report.json'), { calls: 7 * 5 });
      if (!report) return;
      const [process] = report.processes;
      const [module] = process.modules;
      const [found] = report.findings.filter((f) => f.severity === 'leak');
      run.check(report.schema === 'napicheck-report/1' && report.tool.name === 'napicheck', 'schema and tool');
      run.check(process.pid === watched.pid, `pid ${process.pid} is not ${watched.pid}`);
      run.check(process.runtime.name === 'node' && process.runtime.version === run.runtime.version, `runtime ${JSON.stringify(process.runtime)}`);
      run.check(process.argv.includes('run*7'), `argv ${process.argv}`);
      run.check(module.file === 'cache.node' && module.path === `${folder}/cache.node`, `module ${JSON.stringify(module)}`);
      run.check(module.package === '@demo/cache' && module.version === '3.2.1', `package ${JSON.stringify(module)}`);
      run.check(/^[0-9a-f]{16,}$/.test(module.build_id ?? ''), `build id ${module.build_id}`);
      run.check(found?.package === '@demo/cache@3.2.1' && found?.module === 'cache.node', `finding ${JSON.stringify(found)}`);
      run.check(found?.pid === watched.pid && Number.isInteger(found?.env), 'pid and env of the finding');
      run.check(Number.isInteger(found?.thread?.id) && found?.thread?.name?.length > 0, `thread ${JSON.stringify(found?.thread)}`);
      run.check(found?.suppression === 'leaked-reference:share_object', `suppression ${found?.suppression}`);
      const { created, released, live, peak } = report.counters.reference;
      run.check(created === 7 && released === 0 && live === 7 && peak === 7, `counters ${JSON.stringify(report.counters.reference)}`);
      run.check(report.summary.leak === 1 && report.summary.error === 0, `summary ${JSON.stringify(report.summary)}`);
      // The text: the addon, the line, and a last line that sums up.
      for (const words of ['cache.node', '@demo/cache', 'share_object', 'leaked-reference__counted.c:', 'leaked-reference'])
        run.check(watched.err.includes(words), `the text lacks ${words}:\n${watched.err}`);
      run.check(/^napicheck: .*1 leak/.test(watched.err.trimEnd().split('\n').at(-1)), `the last line does not sum up: ${watched.err}`);
    },
  },
  {
    name: 'counters-of-references', issue: 2, addons: ['ok__reference-use-after-delete__reused'], steps: ['run'],
    check: ({ run, report }) => {
      const { created, released, live, peak } = report.counters.reference;
      run.check(created === 1000 && released === 1000 && live === 0 && peak === 1, `counters ${JSON.stringify(report.counters.reference)}`);
    },
  },

  plain('true', () => ['/bin/true']),
  plain('false', () => ['/bin/false']),
  plain('shell', () => ['/bin/sh', '-c', 'echo out; echo err >&2; (exit 3); echo $?; exit 7']),
  plain('pipeline', () => ['/bin/bash', '-c', 'seq 1000 | sort -r | head -3; cat', 'x'], { input: 'from stdin\n' }),
  plain('killed-by-signal', () => ['/bin/sh', '-c', 'kill -TERM $$']),
  plain('node-version', (run) => [run.runtime.path, '--version']),
  plain('node-script', (run) => run.script('no-addon.cjs', '0')),
  plain('node-exit-9', (run) => run.script('no-addon.cjs', '9')),
  { ...plain('npm-version', () => ['npm', '--version']), runtimes: nodeOnly },
  {
    name: 'environment-unchanged', issue: 2, addons: [], runtimes: nodeOnly,
    custom: async (run) => {
      const watched = await run.under([run.runtime.path, '-p', 'process.env.LD_PRELOAD + " " + process.env.NAPICHECK_OPTIONS'], { verbosity: 0 });
      run.check(watched.out === `${run.library} verbosity=0\n`, `the program sees ${watched.out}`);
    },
  },
  // Standard streams that are closed must not be taken by descriptors of ours.
  {
    name: 'closed-stdio', issue: 2, addons: ['leaked-reference__local'], runtimes: nodeOnly,
    custom: async (run) => {
      const path = run.path('report.json');
      const inner = run.drive(run.case.addons, ['run']).map((w) => `'${w}'`).join(' ');
      for (const closed of ['<&-', '>&-', '2>&-', '<&- >&- 2>&-']) {
        const watched = await run.under(['/bin/sh', '-c', `exec ${inner} ${closed}`], { format: `text,json=${path}` });
        run.check(endOf(watched) === 23, `${closed}: ended with ${endOf(watched)} ${watched.err}`);
        run.check(closed.includes('>&-') || watched.out === 'end of drive\n', `${closed}: stdout is ${watched.out}`);
        const report = run.report(path);
        run.check(report?.summary.leak === 1, `${closed}: the leak is missing`);
      }
    },
  },
  // Nothing of ours stands in the low descriptors, and none is left open to a child.
  {
    name: 'descriptors', issue: 2, addons: ['ok__leaked-reference__local'], runtimes: nodeOnly,
    custom: async (run) => {
      const command = run.script('descriptors.cjs', run.addonPath('ok__leaked-reference__local'));
      const bare = await run.bare(command);
      const watched = await run.under(command, {});
      run.check(bare.out === watched.out, `descriptors differ: bare\n${bare.out}watched\n${watched.out}`);
    },
  },
  {
    name: 'few-descriptors', issue: 2, addons: ['leaked-reference__local'], runtimes: nodeOnly,
    custom: async (run) => {
      const path = run.path('report.json');
      const inner = run.drive(run.case.addons, ['run']).map((w) => `'${w}'`).join(' ');
      const watched = await run.under(['/bin/sh', '-c', `ulimit -n 40; exec ${inner}`], { format: `text,json=${path}` });
      run.check(endOf(watched) === 23, `ended with ${endOf(watched)} ${watched.err}`);
      run.check(run.report(path)?.summary.leak === 1, 'the leak is missing');
    },
  },

  // The library and the tool themselves.
  {
    name: 'exported-symbols', issue: 2,
    custom: async (run) => {
      const listing = await run.bare(['nm', '-D', '--defined-only', '--no-sort', run.library]);
      const symbols = listing.out.split('\n').map((l) => l.split(' ').slice(2).join(' ')).filter(Boolean).sort();
      const foreign = symbols.filter((s) => !/^(napi_|node_api_|napicheck_)\w+$/.test(s) && !/^NAPICHECK_/.test(s));
      run.check(symbols.length > 160, `${symbols.length} symbols`);
      run.check(foreign.length === 0, `foreign symbols: ${foreign.join(' ')}`);
      const golden = new URL('../golden/exported-symbols.txt', import.meta.url);
      const wanted = existsSync(golden) ? readFileSync(golden, 'utf8').trim().split('\n').sort() : [];
      const more = symbols.filter((s) => !wanted.includes(s)), fewer = wanted.filter((s) => !symbols.includes(s));
      run.check(more.length + fewer.length === 0, `golden/exported-symbols.txt: new ${more.join(' ') || 'none'}; gone ${fewer.join(' ') || 'none'}`);
    },
  },
  {
    name: 'needs-only-libc', issue: 2,
    custom: async (run) => {
      const dynamic = await run.bare(['readelf', '-dW', run.library]);
      const needed = [...dynamic.out.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((m) => m[1]);
      const foreign = needed.filter((n) => !/^(libc\.so|ld-linux)/.test(n));
      run.check(needed.length > 0 && foreign.length === 0, `needs ${needed}`);
      run.check(!/TEXTREL/.test(dynamic.out), 'has text relocations');
    },
  },
  {
    name: 'library-without-tool', issue: 2, addons: ['leaked-reference__local'],
    custom: async (run) => {
      const alone = run.path('libnapicheck.so');
      copyFileSync(run.library, alone);
      const watched = await run.under(run.drive(run.case.addons, ['run']), {}, { env: { LD_PRELOAD: alone } });
      run.check(watched.out === 'end of drive\n', watched.out);
      run.check([0, 23].includes(watched.code), `ended with ${endOf(watched)}`);
      run.check(/^napicheck: /m.test(watched.err), `nothing said about the missing tool: ${watched.err}`);
    },
  },
];
