// user.mjs - what addons, tests and programs say to napicheck: napicheck/napicheck.h, and the same from JavaScript.
import { writeFileSync } from 'node:fs';
import { endOf } from '../harness.mjs';
import { error, leak } from './rows.mjs';

const api = 'napicheck-api';
const defaults = 'napicheck-defaults';
const onNode = { issue: 6, runtimes: ['node'] };
const lost = (fields) => leak('leaked-reference', { evidence: 'lost', stacks: { created: 'make_reference' }, ...fields });

// One run of a script with the addon as "a"; what it prints is what "wanted" says, bare and under the library.
const script = (name, text, { bare, under, options = {}, judge = () => {}, addon = api }) => ({
  name: `user-${name}`, ...onNode, addons: [addon],
  custom: async (run) => {
    const path = run.path('program.cjs');
    writeFileSync(path, `const a = require(${JSON.stringify(run.addonPath(addon))}); const turn = () => new Promise((r) => setImmediate(r)); (async () => {${text}})();`);
    const command = [...run.runtime.launch, path];
    const without = await run.bare(command);
    run.check(endOf(without) === 0 && without.out === bare, `bare: ${endOf(without)} ${without.out}${without.err}`);
    const watched = await run.under(command, { format: `text,json=${run.path('report.json')}`, ...options });
    run.check(watched.out === under, `under it: ${watched.out}${watched.err}`);
    await judge(run, watched, run.report(run.path('report.json')));
  },
});
const ends = (run, watched, status) => run.check(endOf(watched) === status, `ended with ${endOf(watched)}: ${watched.err}`);
const leaks = (report) => (report?.findings ?? []).filter((f) => f.severity === 'leak');

export const user = [
  script('active', 'console.log(a.isActive(), a.checkpoint(), a.leakCheck(0))', {
    bare: '0 0 0\n', under: '1 1 0\n', judge: (run, watched) => ends(run, watched, 0),
  }),
  script('leak-check', `
    for (let i = 0; i < 3; i++) a.lose();
    await turn();
    const first = a.checkpoint();
    console.log(a.leakCheck(first));        // nothing since
    for (let i = 0; i < 4; i++) a.lose();
    a.hold(1);
    await turn();
    console.log(a.leakCheck(first));        // one site
    const second = a.checkpoint();
    console.log(a.leakCheck(second), a.leakCheck(first), a.leakCheck(0), a.leakCheck(77));
    a.letGo(1);`, {
    bare: '0\n0\n0 0 0 0\n', under: '0\n1\n0 1 1 0\n',
    judge: (run, watched, report) => {
      ends(run, watched, 23);
      const told = watched.err.split('\n').filter((line) => /^napicheck: leak: leaked-reference: (\d) strong references? .*\(since checkpoint \d( after the start)?\)$/.test(line));
      run.check(told.length === 3 && told[0].includes(' 4 strong') && told[2].includes(' 7 strong'), `said: ${watched.err}`);
      // What is still there at the end is judged anew.
      run.check(leaks(report).reduce((n, f) => n + f.count, 0) === 7, JSON.stringify(leaks(report)));
    },
  }),
  // Killed afterwards: what was found out stands in the record.
  {
    name: 'user-leak-check-then-killed', ...onNode, addons: [api],
    custom: async (run) => {
      const path = run.path('program.cjs'), record = run.path('record.nck');
      writeFileSync(path, `const a = require(${JSON.stringify(run.addonPath(api))}); a.lose(); setImmediate(() => { console.log(a.leakCheck(0)); process.kill(process.pid, 'SIGKILL'); });`);
      const watched = await run.under([...run.runtime.launch, path], { record });
      run.check(endOf(watched) === 'SIGKILL' && watched.out === '1\n', `${endOf(watched)} ${watched.out}${watched.err}`);
      await run.napicheck('report', `--format=json=${run.path('report.json')}`, record);
      run.check(leaks(run.report(run.path('report.json'))).length === 1, 'the leak is forgotten');
    },
  },
  script('leak-check-of-errors', 'const mark = a.checkpoint(); a.useDeleted(); console.log(a.leakCheck(mark), a.leakCheck(a.checkpoint()));', {
    bare: '0 0\n', under: '1 0\n', judge: (run, watched) => ends(run, watched, 23),
  }),
  script('leak-check-with-an-exception', 'a.lose(); console.log(a.checkPending());', {
    bare: '0\n', under: '0\n', judge: (run, watched) => ends(run, watched, 23),
  }),
  script('leak-check-respects-fail-on', 'a.lose(); await turn(); console.log(a.leakCheck(0));', {
    bare: '0\n', under: '0\n', options: { fail_on: 'error' }, judge: (run, watched) => ends(run, watched, 0),
  }),
  script('disable-and-ignore', 'for (let i = 0; i < 5; i++) { a.loseQuietly(); a.loseIgnored(); } console.log("end")', {
    bare: 'end\n', under: 'end\n',
    judge: (run, watched, report) => {
      ends(run, watched, 0);
      run.check(report?.counters.reference.live === 10 && report.findings.length === 0, JSON.stringify(report?.findings));
    },
  }),
  {
    name: 'user-errors-while-disabled', ...onNode, addons: [api], steps: ['useDeleted', 'lose'], bare: 'any',
    expect: [error('reference-use-after-delete', { stacks: { used: 'use_deleted' } }), lost({ count: 1 })],
  },
  script('labels', 'a.loseLabelled(0); a.loseLabelled(1); a.loseLabelled(1); console.log("end")', {
    bare: 'end\n', under: 'end\n',
    judge: (run, watched, report) => {
      const [found] = leaks(report);
      run.check(found?.count === 3 && found.facts.includes('labelled: sessions, thumbnails'), JSON.stringify(found?.facts));
      run.check(/labelled: sessions, thumbnails/.test(watched.err), watched.err);
    },
  }),
  script('default-options', 'a.onPurpose(); console.log("end")', {
    addon: defaults, bare: 'end\n', under: 'end\n',
    judge: (run, watched, report) => {
      ends(run, watched, 0);
      run.check(report?.summary.suppressed === 2 && report.suppressions[0]?.file === 'napicheck_default_suppressions', JSON.stringify(report?.suppressions));
    },
  }),
  script('default-options-count', 'a.onPurpose(); a.otherwise(); console.log("end")', {
    addon: defaults, bare: 'end\n', under: 'end\n', judge: (run, watched) => ends(run, watched, 42),
  }),
  script('own-options-come-first', 'a.otherwise(); console.log("end")', {
    addon: defaults, bare: 'end\n', under: 'end\n', options: { exitcode: 7 }, judge: (run, watched) => ends(run, watched, 7),
  }),
  // The library is a module of JavaScript as well.
  script('from-javascript', `
    const m = { exports: {} };
    if (!process.env.LD_PRELOAD) return console.log('absent');
    process.dlopen(m, process.env.LD_PRELOAD);
    const n = m.exports;
    const mark = n.checkpoint('here');
    a.hold(2);
    console.log(n.isActive(), n.leakCheck(mark), n.live(mark));
    a.lose();
    await turn();
    n.disable();
    a.lose();
    n.enable();
    await turn();
    console.log(n.leakCheck(mark), n.live(mark), n.live(n.checkpoint()));
    a.letGo(2);`, {
    bare: 'absent\n', under: 'true 0 1\n1 2 0\n', judge: (run, watched, report) => {
      ends(run, watched, 23);
      run.check(report?.processes[0].modules.length === 1, `our own module is no addon: ${JSON.stringify(report?.processes[0].modules)}`);
    },
  }),
];
