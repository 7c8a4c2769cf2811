// launcher.mjs - `napicheck run`: ends of every kind, children of every kind, files that are the user's alone.
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOf } from '../harness.mjs';
import { leak } from './rows.mjs';

const leaking = 'leaked-reference__local';
const clean = 'ok__leaked-reference__local';
const ends = 'leaked-reference__ends';
const lost = leak('leaked-reference', { evidence: 'lost', count: 5, stacks: { created: 'keep_object' } });
const onNode = { issue: 6, runtimes: ['node'] };

const row = (name, addons, custom, fields = {}) => ({ name: `run-${name}`, ...onNode, addons: [].concat(addons), custom, ...fields });

// Nothing of the run is left where records live.
const isTidy = (run) => {
  const folder = run.path('run');
  const left = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  run.check(left.length === 0, `left behind: ${left}`);
};
const found = (report, evidence) => (report?.findings ?? []).filter((f) => f.kind === 'leaked-reference' && (!evidence || f.evidence === evidence)).reduce((n, f) => n + f.count, 0);

// How a program ended, as its report says it. "lost" is known where something of ours ran at the end.
const endings = [
  { name: 'exit', steps: ['exit=0'], status: 23, how: 'exit', code: 0, evidence: 'lost' },
  { name: 'exit-inside-a-call', steps: ['exit'], status: 5, how: 'exit', code: 5, evidence: 'lost' },
  { name: 'underscore-exit', steps: ['underscoreExit'], status: 7, how: 'exit', code: 7, evidence: 'lost' },
  { name: 'uncaught-exception', steps: ['throw=on purpose'], status: 1, how: 'exit', code: 1, evidence: 'lost' },
  { name: 'abort', steps: ['abort'], status: 134, how: 'signal', code: 6, evidence: 'lost' },
  { name: 'fatal-error', steps: ['fatal'], status: 134, how: 'signal', code: 6, evidence: 'lost' },
  { name: 'segv', steps: ['segv'], status: 139, how: 'signal', code: 11, evidence: 'live', says: /was killed by signal 11/ },
  { name: 'kill', steps: ['kill'], status: 137, how: 'signal', code: 9, evidence: 'live', says: /was killed by signal 9/ },
  { name: 'term', steps: ['term'], status: 143, how: 'signal', code: 15, evidence: 'live', says: /was killed by signal 15/ },
  { name: 'exec', steps: ['exec'], status: 9, how: 'exec', code: 0, evidence: 'lost', says: /put another program in its place/ },
];
const endRows = endings.map(({ name, steps, status, how, code, evidence, says }) => row(`end-${name}`, ends, async (run) => {
  const launched = await run.launch(run.drive([ends], ['run*5', 'gc', ...steps]));
  run.check(endOf(launched) === status, `ended with ${endOf(launched)}: ${launched.err}`);
  const [process] = launched.report?.processes ?? [];
  run.check(process?.end.how === how && process?.end.code === code, `the report says ${JSON.stringify(process?.end)}`);
  run.check(found(launched.report, evidence) === 5, `not five that are ${evidence}: ${launched.text}`);
  run.check(!says || says.test(launched.text), `it does not say how it ended: ${launched.text}`);
  isTidy(run);
}));

const kid = (run, addon) => `const a = require(${JSON.stringify(run.addonPath(addon))}); for (let i = 0; i < 5; i++) a.run({});`;
const program = (run, name, text) => {
  writeFileSync(run.path(name), text);
  return [...run.runtime.launch, run.path(name)];
};

// Children of every kind: one report, one status; their own dealings are not disturbed.
const children = {
  fork: (run) => `const c = require('child_process'); if (process.argv[2]) { ${kid(run, leaking)} process.on('message', (m) => { process.send(m); process.disconnect(); }); }
    else { const f = c.fork(__filename, ['kid']); f.send('hello'); f.on('message', (m) => console.log(m)).on('exit', (code, signal) => console.log(code, signal)); }`,
  cluster: (run) => `const cluster = require('cluster'); if (cluster.isPrimary || cluster.isMaster) { for (let i = 0; i < 2; i++) cluster.fork().on('message', (m) => console.log(m)); }
    else { ${kid(run, leaking)} process.send('hello', () => process.disconnect()); }`,
  'worker-threads': (run) => `const { Worker, isMainThread } = require('worker_threads'); if (isMainThread) new Worker(__filename).on('exit', (code) => console.log(code)); else { ${kid(run, leaking)} }`,
  shell: (run) => `const c = require('child_process'); if (process.argv[2]) { ${kid(run, leaking)} } else console.log(c.spawnSync('sh', ['-c', '"$0" --expose-gc "$1" kid; echo done', process.execPath, __filename], { encoding: 'utf8' }).stdout)`,
};
const childRows = Object.entries(children).map(([name, text]) => row(`children-${name}`, leaking, async (run) => {
  const command = program(run, 'program.cjs', text(run));
  const bare = await run.bare(command);
  const launched = await run.launch(command);
  run.check(endOf(bare) === 0 && bare.out === launched.out && bare.out !== '', `bare ${bare.out}, under it ${launched.out}`);
  run.check(endOf(launched) === 23, `ended with ${endOf(launched)}: ${launched.err}`);
  const n = name === 'cluster' ? 10 : 5;
  run.check(found(launched.report, 'lost') === n, `not ${n} lost: ${launched.text}`);
  run.check(launched.err === '' || name === 'worker-threads', `stderr is not the program's alone: ${launched.err}`);
  isTidy(run);
}));

// A file system of that size at run.path('small') in a mount namespace; null where that is not allowed.
async function smallDisk(run, size) {
  mkdirSync(run.path('small'), { recursive: true });
  const mount = ['mount', '-t', 'tmpfs', '-o', `size=${size},mode=700`, 'none', run.path('small')];
  const allowed = await run.bare(['unshare', '-m', ...mount]);
  return allowed.code === 0 ? ['unshare', '-m', 'sh', '-c', `${mount.join(' ')} && exec "$@"`, 'sh'] : null;
}

export const launcher = [
  ...endRows,
  ...childRows,
  row('clean', clean, async (run) => {
    const command = program(run, 'program.cjs', `${kid(run, clean)} process.stdin.pipe(process.stdout);`);
    const launched = await run.launch(command, { input: 'through\n' });
    run.check(endOf(launched) === 0 && launched.out === 'through\n' && launched.err === '', `${endOf(launched)} ${launched.out} ${launched.err}`);
    isTidy(run);
  }),
  // The options go to the program in the environment, where a colon or a line's end would part them.
  row('names-that-need-quotes', leaking, async (run) => {
    const names = ['a:b.json', 'c\nd.json', 'e,f.json', 'it\'s.json'];
    for (const name of names) {
      const item = name.includes(',') ? `"json=${run.path(name)}"` : `json=${run.path(name)}`;
      const launched = await run.bare([run.tool, 'run', `--format=${item}`, `--suppressions=${run.path('g:h.supp')}`, '--', ...program(run, 'program.cjs', kid(run, leaking))]);
      run.check(endOf(launched) === 2 || endOf(launched) === 23, `${name}: ended with ${endOf(launched)}`);
      run.check(/^napicheck: cannot read suppressions from [^\n]*g:h\.supp: [^\n]*\n(napicheck: records are in [^\n]*\n)?$/.test(launched.err), `${name}: ${launched.err}`);
      run.check(found(run.report(run.path(name)), 'lost') === 5, name);
    }
    const env = { NAPICHECK_OPTIONS: `\n  exitcode = 9\n  format=json=${run.path('lines.json')}\n` };
    const lines = await run.bare([run.tool, 'run', '--', ...program(run, 'program.cjs', kid(run, leaking))], { env });
    run.check(endOf(lines) === 9 && lines.err === '' && found(run.report(run.path('lines.json')), 'lost') === 5, `${endOf(lines)} ${lines.err}`);
  }),
  row('npm-test', leaking, async (run) => {
    writeFileSync(run.path('package.json'), JSON.stringify({ name: 'demo', version: '1.0.0', scripts: { test: 'node test.cjs' } }));
    program(run, 'test.cjs', `${kid(run, leaking)} console.log('tested')`);
    const launched = await run.launch(['npm', 'test', '--silent'], { options: ['--require=*reference__local.node'] });
    run.check(endOf(launched) === 23 && launched.out === 'tested\n', `${endOf(launched)} ${launched.out} ${launched.err}`);
    run.check(found(launched.report, 'lost') === 5, launched.text);
    writeFileSync(run.path('test.cjs'), 'process.exit(3)');
    const failing = await run.launch(['npm', 'test', '--silent'], { options: ['--require=*reference__local.node'], calls: 0 });
    run.check(endOf(failing) === 3, `the tests' own failure is masked: ${endOf(failing)}`);
    writeFileSync(run.path('test.cjs'), '');
    const blind = await run.launch(['npm', 'test', '--silent'], { options: ['--require=*reference__local.node'], calls: 0 });
    run.check(endOf(blind) === 24, `a run without the addon: ${endOf(blind)}`);
    isTidy(run);
  }),
  // A child that is killed, in a tree that goes on: its part stands in the report.
  row('child-killed', leaking, async (run) => {
    const command = program(run, 'program.cjs', `const c = require('child_process'); if (process.argv[2]) { ${kid(run, leaking)} process.kill(process.pid, 'SIGKILL'); }
      else c.fork(__filename, ['kid']).on('exit', (code, signal) => console.log(signal));`);
    const launched = await run.launch(command);
    run.check(endOf(launched) === 0 && launched.out === 'SIGKILL\n', `${endOf(launched)} ${launched.out}`);
    run.check(launched.report?.processes[0].end.how === 'signal' && found(launched.report, 'live') === 5, launched.text);
    isTidy(run);
  }),
  // Whoever waits for the end loses patience: SIGTERM while memory is searched takes nothing away.
  {
    name: 'end-terminated-while-reporting', ...onNode, addons: [leaking],
    custom: async (run) => {
      const command = program(run, 'program.cjs', `const c = require('child_process'); const fs = require('fs'); const delay = Number(process.argv[2]);
        if (!delay) { ${kid(run, leaking)} process.on('exit', () => fs.writeSync(3, 'x')); }
        else { const k = c.spawn(process.execPath, [__filename], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
          k.stdio[3].once('data', () => setTimeout(() => k.kill('SIGTERM'), delay)); k.on('exit', (code, signal) => console.log(signal)); }`);
      // The moment is not to be seen from outside, so several are tried. Without the delay of the signal none would have both.
      let both = 0;
      const delays = Array.from({ length: 30 }, (_, i) => 2 * 1.18 ** i);
      for (const delay of [...delays, ...delays, ...delays]) {
        if (both) break;
        rmSync(run.path('report.json'), { force: true });
        const watched = await run.under([...command, String(Math.round(delay))], { format: `json=${run.path('report.json')}` });
        if (watched.out === 'SIGTERM\n' && existsSync(run.path('report.json'))) both += found(run.report(run.path('report.json')), 'lost') === 5;
      }
      run.check(both, 'the report is lost, or the signal');
    },
  },
  // The launcher itself is killed: the records stay, and `clean` of that folder alone finds and removes them.
  row('launcher-killed', leaking, async (run) => {
    const text = `${kid(run, leaking)} console.log(process.pid); process.kill(process.ppid, 'SIGKILL'); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1500);`;
    const launched = await run.launch(program(run, 'program.cjs', text));
    run.check(endOf(launched) === 'SIGKILL', `ended with ${endOf(launched)}`);
    const pid = launched.out.trim();
    const listed = await run.napicheck('clean', run.path('run'));
    run.check(new RegExp(`^dead +pid ${pid} `, 'm').test(listed.out), listed.out);
    const [folder] = readdirSync(run.path('run'));
    const reading = await run.napicheck('report', run.path(`run/${folder}`));
    run.check(/leaked-reference/.test(reading.out), reading.out);
    const removed = await run.napicheck('clean', '--force', run.path('run'));
    run.check(new RegExp(`^removed +pid ${pid} `, 'm').test(removed.out) && /^1 record /m.test(removed.out), removed.out);
    isTidy(run);
  }),
  // Who cleans while a run goes on takes nothing of it: what its children left is for its report.
  row('clean-meanwhile', leaking, async (run) => {
    const text = `const c = require('child_process'); if (process.argv[2]) { ${kid(run, leaking)} process.kill(process.pid, 'SIGKILL'); }
      else c.fork(__filename, ['kid']).on('exit', () => { const { LD_PRELOAD, ...env } = process.env;
        for (const folder of [process.env.NAPICHECK_RUN, require('path').dirname(process.env.NAPICHECK_RUN)])
          console.log(c.execFileSync(${JSON.stringify(join(run.build, 'napicheck'))}, ['clean', '--force', folder], { env, encoding: 'utf8' })); });`;
    const launched = await run.launch(program(run, 'program.cjs', text));
    run.check(launched.out.match(/^awaited +pid \d+ /gm)?.length === 2 && !/removed +pid/.test(launched.out), launched.out);
    run.check(found(launched.report, 'live') === 5, launched.text);
    isTidy(run);
  }),
  row('signals', leaking, async (run) => {
    const text = `${kid(run, leaking)} process.on('SIGHUP', () => console.log('hup')); process.on('SIGUSR2', () => console.log('usr2'));
      process.on('SIGTERM', () => { console.log('term'); process.exit(4); }); setInterval(() => {}, 1000);
      const send = ['SIGHUP', 'SIGUSR2', 'SIGTERM']; setInterval(() => send.length && process.kill(process.ppid, send.shift()), 300);`;
    const launched = await run.launch(program(run, 'program.cjs', text));
    run.check(launched.out === 'hup\nusr2\nterm\n' && endOf(launched) === 4, `${endOf(launched)} ${launched.out}`);
    run.check(found(launched.report, 'lost') === 5, launched.text);
    isTidy(run);
  }),
  row('timeout', leaking, async (run) => {
    const text = `${kid(run, leaking)} process.on('SIGTERM', () => console.log('no')); const c = require('child_process');
      if (!process.argv[2]) c.spawn(process.execPath, [__filename, 'kid'], { stdio: 'inherit' }); setInterval(() => {}, 1000);`;
    const launched = await run.launch(program(run, 'program.cjs', text), { options: ['--timeout=3'] });
    run.check(endOf(launched) === 137 && launched.out === 'no\nno\n', `${endOf(launched)} ${launched.out} ${launched.err}`);
    run.check(/timeout=3: the program still runs/.test(launched.err) && /kept alive by/.test(launched.err), launched.err);
    run.check(launched.report?.processes.length === 2 && launched.report.processes.every((p) => p.end.how === 'signal'), launched.text);
    isTidy(run);
  }),
  // What has loaded no addon yet hangs as well.
  row('timeout-of-others', leaking, async (run) => {
    const text = `const c = require('child_process'); const k = c.spawn('sleep', ['77']); console.log(k.pid); ${kid(run, leaking)}
      const s = c.spawn('sh', ['-c', 'trap "" TERM; echo $$; while :; do sleep 1; done'], { stdio: 'inherit' }); setInterval(() => {}, 1000);`;
    const launched = await run.launch(program(run, 'program.cjs', text), { options: ['--timeout=5'] });
    const pids = launched.out.trim().split('\n').map(Number);
    run.check(endOf(launched) === 143 && pids.length === 2 && pids.every((pid) => pid > 1), `${endOf(launched)} ${launched.out} ${launched.err}`);
    for (const pid of pids) run.check(!existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), `${pid} is still there`);
    run.check(found(launched.report, 'live') === 5, launched.text);
    isTidy(run);
  }),
  // What ate the memory is said, whether the kernel or V8 ends the program.
  row('out-of-memory', leaking, async (run) => {
    const text = `${kid(run, leaking)} const all = []; for (;;) all.push(Buffer.alloc(1 << 22, 1));`;
    const group = `/sys/fs/cgroup/memory/napicheck-${process.pid}`;
    let prefix = [];
    try {
      mkdirSync(group);
      writeFileSync(join(group, 'memory.limit_in_bytes'), String(300 << 20));
      prefix = ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh'];
    } catch {
      prefix = ['sh', '-c', 'ulimit -v 4000000 && exec "$@"', 'sh'];
    }
    try {
      const launched = await run.launch(program(run, 'program.cjs', text), { prefix });
      run.check([134, 137, 133, 139].includes(endOf(launched)), `ended with ${endOf(launched)}: ${launched.err}`);
      run.check(found(launched.report) === 5 && launched.report.processes[0].end.how === 'signal', launched.text);
      isTidy(run);
    } finally {
      if (existsSync(group)) rmdirSync(group);
    }
  }),
  // Records on a file system that is full, or fills up during the run: the program goes on, and both are said.
  row('full-disk', leaking, async (run) => {
    for (const size of ['4k', '256k', '1m']) {
      const prefix = await smallDisk(run, size);
      if (!prefix) return;
      const launched = await run.launch(run.drive([leaking], ['run*20000', 'gc']), { prefix, options: [`--record=${run.path('small')}`], calls: 0 });
      run.check(launched.out === 'end of drive\n' && [0, 23].includes(endOf(launched)), `${size}: ${endOf(launched)} ${launched.out} ${launched.err}`);
      run.check(found(launched.report) > 0 || /napicheck: /.test(launched.err + launched.text), `${size}: nothing is said: ${launched.err}`);
    }
  }),
  row('disk-fills-up', leaking, async (run) => {
    const prefix = await smallDisk(run, '2m');
    if (!prefix) return;
    const text = `${kid(run, leaking)} const fs = require('fs'); const fd = fs.openSync(${JSON.stringify(run.path('small/big'))}, 'w');
      try { for (;;) fs.writeSync(fd, Buffer.alloc(65536)); } catch (e) { console.log(e.code); } for (let i = 0; i < 30000; i++) a.run({}); console.log('end');`;
    const launched = await run.launch(program(run, 'program.cjs', text), { prefix, options: [`--record=${run.path('small')}`] });
    run.check(launched.out === 'ENOSPC\nend\n' && [0, 23].includes(endOf(launched)), `${endOf(launched)} ${launched.out} ${launched.err}`);
    run.check(found(launched.report) > 0, launched.text);
    run.check(launched.report?.processes[0].blind, `the report does not say that it went blind: ${launched.text}`);
  }),
  // Closed standard streams stay closed for the program, and get nothing of ours.
  row('closed-stdio', leaking, async (run) => {
    const text = `const fs = require('fs'); const list = [0, 1, 2].filter((fd) => !/null/.test(fs.readlinkSync('/proc/self/fd/' + fd))); ${kid(run, leaking)}
      fs.writeFileSync(${JSON.stringify(run.path('open.txt'))}, list.join());`;
    for (const closed of ['<&- >&- 2>&-', '2>&-', '<&-']) {
      const quoted = [run.tool, 'run', `--format=text,json=${run.path('a.json')},sarif=/nonexistent/b`, '--', ...program(run, 'program.cjs', text)].map((word) => `'${word}'`).join(' ');
      const launched = await run.bare(['sh', '-c', `exec ${quoted} ${closed}`]);
      run.check(endOf(launched) === 23, `${closed}: ${endOf(launched)} ${launched.err}`);
      run.check(found(run.report(run.path('a.json')), 'lost') === 5, closed);
      const open = [0, 1, 2].filter((fd) => fd === 0 ? false : !closed.includes(fd === 1 ? ' >&-' : '2>&-')).join();
      run.check(readFileSync(run.path('open.txt'), 'utf8') === open, `${closed}: ${readFileSync(run.path('open.txt'))} are open, not ${open}`);
    }
  }),
  row('record-relative', leaking, async (run) => {
    mkdirSync(run.path('records'));
    const text = `process.chdir('/'); ${kid(run, leaking)}`;
    const launched = await run.launch(program(run, 'program.cjs', text), { options: ['--record=records', '--keep_record'] });
    run.check(endOf(launched) === 23 && launched.err === `napicheck: records are in ${run.path('records')}/${readdirSync(run.path('records'))[0]}\n`, launched.err);
    const reading = await run.napicheck('report', `${run.path('records')}/${readdirSync(run.path('records'))[0]}`);
    run.check(/leaked-reference \(lost\) x5/.test(reading.out), reading.out);
    const file = await run.launch(program(run, 'program.cjs', text), { options: ['--record=record.nck'] });
    run.check(endOf(file) === 23 && /^napicheck: record=record\.nck is no folder to write to, [^\n]*\n$/.test(file.err), file.err);
    isTidy(run);
  }),
  // Private: the folder 0700, the record 0600.
  row('private-files', leaking, async (run) => {
    const text = `${kid(run, leaking)} const fs = require('fs'), d = process.env.NAPICHECK_RUN; const mode = (p) => (fs.statSync(p).mode & 0o777).toString(8);
      console.log(mode(d), fs.readdirSync(d).map((f) => mode(d + '/' + f)).join());`;
    const launched = await run.launch(['sh', '-c', 'umask 0; exec "$@"', 'sh', ...program(run, 'program.cjs', text)]);
    run.check(launched.out === '700 600\n', launched.out);
  }),
  {
    name: 'record-link-is-not-followed', ...onNode, addons: [leaking],
    custom: async (run) => {
      writeFileSync(run.path('precious'), 'precious\n');
      symlinkSync(run.path('precious'), run.path('link.nck'));
      symlinkSync(run.path('nowhere'), run.path('dangling.nck'));
      // A private folder that somebody else made, or that is open to all, is not used.
      mkdirSync(run.path('run/napicheck'), { recursive: true });
      chmodSync(run.path('run/napicheck'), 0o777);
      for (const record of [run.path('link.nck'), run.path('dangling.nck'), undefined]) {
        const watched = await run.under(run.drive([leaking], ['run*5', 'kill=SIGKILL']), { record });
        run.check(endOf(watched) === 'SIGKILL', `${record}: ${endOf(watched)} ${watched.err}`);
        run.check(readFileSync(run.path('precious'), 'utf8') === 'precious\n', `${record}: written through a link`);
        run.check(!existsSync(run.path('nowhere')), `${record}: made through a link`);
        run.check(readdirSync(run.path('run/napicheck')).length === 0, `${record}: a record in a folder that is open to all`);
      }
    },
  },
  {
    name: 'record-of-another-user', ...onNode, addons: [leaking],
    custom: async (run) => {
      if (process.getuid() !== 0) return;
      const path = run.path('theirs.napicheck');
      await run.under(run.drive([leaking], ['run*5']), { record: path, keep_record: 1 });
      chownSync(path, 65534, 65534);
      for (const command of ['report', 'suppress']) {
        const refused = await run.napicheck(command, path);
        run.check(refused.code === 2 && /belongs to another user/.test(refused.err) && refused.out === '', `${command}: ${refused.code} ${refused.out} ${refused.err}`);
      }
      const left = await run.napicheck('clean', '--force', run.folder);
      run.check(existsSync(path), `cleaned away: ${left.out}`);
    },
  },
  // JSON and records alike; what is no report is one clear line.
  {
    name: 'diff-and-suppress', ...onNode, addons: [leaking],
    custom: async (run) => {
      const records = [], reports = [];
      for (const [name, n] of [['before', 5], ['after', 9]]) {
        const record = run.path(`${name}.napicheck`), json = run.path(`${name}.json`);
        await run.under(run.drive([leaking], [`run*${n}`]), { record, keep_record: 1, format: `json=${json}` });
        records.push(record);
        reports.push(json);
      }
      const outs = [];
      for (const [before, after] of [records, reports, [records[0], reports[1]]]) {
        const diff = await run.napicheck('diff', before, after);
        run.check(/grown.*\n?.*(5.*9|\+4)/s.test(diff.out), `diff ${before} ${after}: ${diff.code} ${diff.out}${diff.err}`);
        outs.push(diff.out.replaceAll(/\S+(before|after)\.(napicheck|json)/g, '$1'));
      }
      run.check(outs[0] === outs[1] && outs[1] === outs[2], `records and JSON differ: ${outs.join('---\n')}`);
      for (const target of [records[0], reports[0]]) {
        const lines = await run.napicheck('suppress', target);
        run.check(lines.code === 0 && /^leaked-reference:keep_object/m.test(lines.out), `suppress ${target}: ${lines.out}${lines.err}`);
        writeFileSync(run.path('made.supp'), lines.out);
        const watched = await run.under(run.drive([leaking], ['run*5']), { suppressions: run.path('made.supp') });
        run.check(endOf(watched) === 0, `its own suppressions do not fit: ${watched.err}`);
      }
      writeFileSync(run.path('bad.json'), '{"schema":"napicheck-report/1","findings":[{"kind":7}]}');
      writeFileSync(run.path('cut.json'), readFileSync(reports[0]).subarray(0, 700));
      copyFileSync('/etc/passwd', run.path('other.json'));
      for (const name of ['bad.json', 'cut.json', 'other.json'])
        for (const args of [['diff', run.path(name), reports[0]], ['diff', reports[0], run.path(name)], ['suppress', run.path(name)]]) {
          const refused = await run.napicheck(...args);
          run.check(refused.code === 2 && refused.out === '' && /^napicheck[^\n]*\n$/.test(refused.err), `${args}: ${refused.code} ${refused.out}${refused.err}`);
        }
    },
  },
];
