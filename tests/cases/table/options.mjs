// options.mjs - every key of NAPICHECK_OPTIONS that this tool has, good values and bad ones, and the exit code policy.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOf, root } from '../harness.mjs';
import { leak, note } from './rows.mjs';

const leaking = 'leaked-reference__local';
const clean = 'ok__leaked-reference__local';
const lost = leak('leaked-reference', { evidence: 'lost', count: 1, stacks: { created: 'keep_object' } });

// One run of an addon under options; "judge" gets the run and what came of it.
const option = (name, addon, options, judge, { steps = ['run'], settings = () => ({}), ...row } = {}) => ({
  name: `option-${name}`, issue: 2, addons: [].concat(addon), ...row,
  custom: async (run) => {
    const command = run.drive(run.case.addons, steps);
    const resolved = typeof options === 'function' ? options(run) : options;
    const watched = await run.under(command, resolved, settings(run));
    run.check(watched.out.endsWith('end of drive\n'), `stdout: ${watched.out}\nstderr: ${watched.err}`);
    await judge(run, watched);
  },
});
const ends = (code) => (run, watched) => run.check(endOf(watched) === code, `ended with ${endOf(watched)}, expected ${code}: ${watched.err}`);

// A wrong option: one line that names it and says what would be right; the run goes on with the default.
const wrong = (name, text, patterns, row = {}) => option(`wrong-${name}`, leaking, text, (run, watched) => {
  ends(23)(run, watched);
  const lines = watched.err.split('\n').filter((l) => patterns.every((p) => p.test(l)));
  run.check(lines.length === 1, `not one line that fits ${patterns.join(' ')}:\n${watched.err}`);
}, row);

// Trouble with files: one clear line, the verdict as ever, and what was found is told all the same: as text on stderr,
// or the record stays and the line says so (isLost: an output that is not text could not be written).
const trouble = (name, options, pattern, { isLost = false, settings, ...row } = {}) => [leaking, clean].map((addon) =>
  option(`${name}${addon === clean ? '-ok' : ''}`, addon, options, async (run, watched) => {
    ends(addon === clean ? 0 : 23)(run, watched);
    const lines = watched.err.split('\n').filter((l) => pattern.test(l));
    run.check(lines.length === 1, `not one line that fits ${pattern}:\n${watched.err}`);
    if (addon === leaking) run.check(watched.err.includes('keep_object'), `the report is nowhere: ${watched.err}`);
    const left = run.leftovers();
    run.check(left.length === (isLost ? 1 : 0), `records: ${left}`);
    if (!isLost) return;
    const hint = /; the record stays: napicheck report (--format=\w+) (\S+)$/.exec(lines[0] ?? '');
    if (!run.check(hint?.[2] === left[0], `the line does not tell of the record: ${lines[0]}`)) return;
    const again = await run.napicheck('report', hint[1], hint[2]);
    run.check(JSON.parse(again.out).summary.leak === (addon === leaking ? 1 : 0), `the record does not tell: ${again.out}`);
  }, { settings, ...row }));

const shell = (run, prefix, steps) => ['/bin/sh', '-c', `${prefix} exec "$@"`, 'sh', ...run.drive(run.case.addons, steps)];

export const options = [
  // exitcode and fail_on
  option('exitcode-default', leaking, {}, ends(23)),
  option('exitcode-0', leaking, { exitcode: 0 }, ends(0)),
  option('exitcode-42', leaking, { exitcode: 42 }, ends(42)),
  option('fail-on-error', leaking, { fail_on: 'error' }, ends(0)),
  option('fail-on-kind', leaking, { fail_on: 'leaked-reference' }, ends(23)),
  option('fail-on-other-kind', leaking, { fail_on: 'leaked-weak-reference' }, ends(0)),
  option('fail-on-note', 'leaked-reference__held-static', { fail_on: 'note' }, ends(23)),
  option('notes-do-not-fail', 'leaked-reference__held-static', {}, ends(0)),

  // require
  option('require-met', clean, { require: '*reference__local.node' }, ends(0)),
  option('require-met-and-leak', leaking, { require: '*reference__local.node' }, ends(23)),
  option('require-not-met', clean, { require: '*/no-such-addon.node' }, (run, watched) => {
    ends(24)(run, watched);
    run.check(watched.err.includes('no-such-addon.node'), `nothing is said: ${watched.err}`);
  }),
  {
    name: 'option-require-without-addons', issue: 2, runtimes: ['node'],
    custom: async (run) => {
      const watched = await run.under([run.runtime.path, '-e', '0'], { require: '*.node' });
      run.check(endOf(watched) === 24, `node without an addon ended with ${endOf(watched)}`);
      const other = await run.under(['/bin/true'], { require: '*.node' });
      run.check(endOf(other) === 0 && other.err === '', `/bin/true ended with ${endOf(other)}: ${other.err}`);
      const failing = await run.under([run.runtime.path, '-e', 'process.exit(3)'], { require: '*.node' });
      run.check(endOf(failing) === 3, `the program's own failure is masked: ${endOf(failing)}`);
    },
  },

  // modules
  {
    name: 'option-modules', issue: 2, addons: [leaking, 'leaked-reference__freed-holder'], steps: ['run', 'b.run'],
    options: { modules: '*freed-holder*' }, expect: [{ ...lost, addon: 'leaked-reference__freed-holder', stacks: { created: 'holder_new' } }],
  },

  // what is shown, and where
  option('verbosity-0', clean, {}, (run, watched) => run.check(watched.err === '', `stderr: ${watched.err}`)),
  option('verbosity-1', clean, { verbosity: 1 }, (run, watched) => {
    ends(0)(run, watched);
    const lines = watched.err.trim().split('\n');
    run.check(lines.length === 1, `a clean run prints one line, not: ${watched.err}`);
    run.check(/^napicheck: /.test(lines[0]), watched.err);
    run.check(/0 leaks|no findings|nothing/i.test(watched.err), `it does not say that all is well: ${watched.err}`);
  }),
  option('verbosity-1-banner', leaking, { verbosity: 1 }, (run, watched) => {
    const banner = watched.err.split('\n')[0];
    const version = /project\(napicheck VERSION ([\d.]+)/.exec(readFileSync(join(root, 'CMakeLists.txt'), 'utf8'))[1];
    run.check(banner.includes(version) && banner.includes(run.runtime.name) && /\b1[4-9]\d\b/.test(banner), `banner: ${banner}`);
  }),
  // Each figure is measured: none of them can be zero.
  option('verbosity-2', clean, { verbosity: 2 }, (run, watched) => {
    const found = /: (\d+) functions watched, (\d+) forwarded; (\d+) calls; record (\d+) KiB, own memory (\d+) KiB; searched \d+ KiB in ([\d.]+) ms; start and end took ([\d.]+) ms/.exec(watched.err);
    run.check(found, `statistics: ${watched.err}`);
    for (const i of [1, 3, 4, 5, 7]) run.check(Number(found?.[i]) > 0, `statistics, figure ${i} is zero: ${watched.err}`);
    run.check(Number(found?.[7]) < 1000, `start and end took that long: ${watched.err}`);
  }),
  option('show-notes', 'leaked-reference__held-static', { show: 'error,leak,warning,note' }, (run, watched) =>
    run.check(watched.err.includes('keep_constructor'), `the note is missing: ${watched.err}`)),
  option('show-hides', leaking, { show: 'error' }, (run, watched) => {
    ends(23)(run, watched);
    run.check(!watched.err.includes('keep_object'), `the leak is shown: ${watched.err}`);
  }),
  option('log-path', leaking, (run) => ({ log_path: `${run.path('log')}.%p.%e.txt` }), (run, watched) => {
    ends(23)(run, watched);
    const names = readdirSync(run.folder).filter((f) => f.startsWith('log.'));
    run.check(names.length === 1 && names[0].includes(`.${watched.pid}.`) && !names[0].includes('%'), `files: ${names}`);
    run.check(names[0] && readFileSync(run.path(names[0]), 'utf8').includes('keep_object'), 'the report is not in the file');
    run.check(!watched.err.includes('keep_object'), `the report is on stderr too: ${watched.err}`);
  }, { runtimes: ['node'] }),
  option('several-formats', leaking, (run) => ({ format: `json=${run.path('a.json')},text=${run.path('b.txt')},json=${run.path('c.json')}` }), (run, watched) => {
    ends(23)(run, watched);
    const [a, c] = ['a.json', 'c.json'].map((name) => run.report(run.path(name)));
    run.check(a?.summary.leak === 1 && c?.summary.leak === 1, 'both reports hold the leak');
    run.check(existsSync(run.path('b.txt')) && readFileSync(run.path('b.txt'), 'utf8').includes('keep_object'), 'the text file holds the leak');
    const parts = readdirSync(run.folder).filter((f) => !/^(a\.json|b\.txt|c\.json|run|stdout\.txt|stderr\.txt)$/.test(f));
    run.check(parts.length === 0, `half files are left: ${parts}`);
  }),
  option('format-on-stderr', leaking, { format: 'json' }, (run, watched) => {
    ends(23)(run, watched);
    let report;
    try { report = JSON.parse(watched.err); } catch (error) { run.check(false, `stderr is no JSON (${error.message}): ${watched.err.slice(0, 500)}`); }
    run.check(report?.summary?.leak === 1, 'the leak is missing');
  }),
  option('format-pid', leaking, (run) => ({ format: `json=${run.path('r')}.%p.json` }), (run, watched) =>
    run.check(run.report(run.path(`r.${watched.pid}.json`)) !== null, `files: ${readdirSync(run.folder)}`), { runtimes: ['node'] }),
  option('help', clean, { help: 1 }, (run, watched) => {
    ends(0)(run, watched);
    const keys = [...readFileSync(join(root, 'include/napicheck/options.def'), 'utf8').matchAll(/^NCK_OPTION\((\w+)/gm)].map((m) => m[1]);
    for (const key of keys) run.check(new RegExp(`\\b${key}\\b`).test(watched.err), `help=1 does not name ${key}`);
    run.check(/exitcode\s*=?\s*23/.test(watched.err), `help=1 does not say the present values: ${watched.err.slice(0, 500)}`);
  }),
  option('help-present-values', clean, { help: 1, exitcode: 77, stack_depth: 9 }, (run, watched) =>
    run.check(/exitcode\s*=?\s*77/.test(watched.err) && /stack_depth\s*=?\s*9/.test(watched.err), watched.err.slice(0, 800))),
  {
    name: 'option-checks-off', issue: 2, addons: ['reference-use-after-delete__value', leaking], steps: ['b.run'],
    options: { checks: '-references' }, check: ({ run, report }) => run.check(!report.findings.some((f) => /reference/.test(f.kind)), 'references are judged'),
  },
  {
    name: 'option-stack-depth-3', issue: 2, addons: ['leaked-reference__deep'], options: { stack_depth: 3 }, steps: ['run'],
    expect: [leak('leaked-reference', { count: 1, stacks: { created: 'descend' } })],
    check: ({ run, report }) => run.check(report.findings[0].stacks[0].frames.length <= 3, `${report.findings[0].stacks[0].frames.length} frames`),
  },
  {
    name: 'option-stack-depth-64', issue: 2, addons: ['leaked-reference__deep'], options: { stack_depth: 64 }, steps: ['run'],
    expect: [leak('leaked-reference', { count: 1, stacks: { created: ['descend', { function: 'run', noLine: true }] } })],
    check: ({ run, report }) => {
      const n = report.findings[0].stacks[0].frames.filter((f) => f.function === 'descend').length;
      run.check(n === 41, `${n} frames of the recursion`);
    },
  },

  // wrong ones
  wrong('key', 'exticode=5', [/exticode/, /exitcode/]),
  wrong('key-far', 'xyzzy=5', [/xyzzy/]),
  wrong('number', 'exitcode=banana', [/exitcode/, /banana/]),
  wrong('number-range', 'exitcode=300', [/exitcode/, /300/]),
  wrong('depth', 'stack_depth=0', [/stack_depth/]),
  wrong('choice', 'js_stacks=sometimes', [/js_stacks/, /sometimes/]),
  wrong('format', 'format=text,jsno=x.json', [/jsno/, /json/]),
  wrong('leak-check', 'leak_check=lots', [/leak_check/, /lots/]),
  wrong('checks', 'checks=refs', [/checks/, /refs/]),
  wrong('no-equals', 'verbosity', [/verbosity/]),
  wrong('empty-key', '=5', [/napicheck: /, /option|key/]),
  wrong('bool', 'keep_record=perhaps', [/keep_record/, /perhaps/]),
  option('empty', leaking, '', ends(23)),
  option('empty-parts', leaking, '::exitcode=9:::', ends(9)),
  option('last-wins', leaking, 'exitcode=9:exitcode=10', ends(10)),

  // the record
  option('keep-record', clean, (run) => ({ record: run.path('kept'), keep_record: 1 }), async (run, watched) => {
    ends(0)(run, watched);
    const names = readdirSync(run.path('kept'));
    run.check(names.length === 1 && names[0].includes(String(watched.pid)), `records: ${names}`);
    const reading = await run.napicheck('report', `--format=json=${run.path('again.json')}`, run.path('kept'));
    run.check(reading.code === 0, `napicheck report: ${endOf(reading)} ${reading.err}`);
    run.report(run.path('again.json'));
  }, { settings: (run) => { mkdirSync(run.path('kept')); return {}; }, runtimes: ['node'] }),
  option('record-file', leaking, (run) => ({ record: `${run.path('r')}-%p.nck`, keep_record: 1 }), (run, watched) => {
    ends(23)(run, watched);
    run.check(existsSync(run.path(`r-${watched.pid}.nck`)), `files: ${readdirSync(run.folder)}`);
  }, { runtimes: ['node'] }),
  option('record-removed', clean, (run) => ({ record: run.path('gone.nck') }), (run, watched) => {
    ends(0)(run, watched);
    run.check(!existsSync(run.path('gone.nck')), 'the record is still there');
  }),

  // files that cannot be read or written
  ...trouble('json-unwritable', { format: 'text,json=/nonexistent/folder/report.json' }, /\/nonexistent\/folder\/report\.json/, { isLost: true }),
  ...trouble('json-is-a-folder', { format: 'text,json=/proc' }, /\/proc/, { isLost: true }),
  ...trouble('json-on-a-full-disk', { format: 'text,json=/dev/full' }, /No space left/, { isLost: true }),
  ...trouble('log-on-a-full-disk', { log_path: '/dev/full', verbosity: 1 }, /No space left/),
  ...trouble('baseline-unreadable', { baseline: '/nonexistent/baseline.json' }, /\/nonexistent\/baseline\.json/),
  ...trouble('log-unwritable', { log_path: '/nonexistent/log.txt', verbosity: 1 }, /\/nonexistent\/log\.txt/),
  ...trouble('record-unwritable', { record: '/nonexistent/folder/record.nck' }, /\/nonexistent\/folder/),
  ...trouble('suppressions-unreadable', { suppressions: '/nonexistent/napicheck.supp' }, /\/nonexistent\/napicheck\.supp/),
  // Places for the record that are not there are passed over without a word.
  ...[leaking, clean].map((addon) => option(`no-runtime-dir${addon === clean ? '-ok' : ''}`, addon, {}, (run, watched) => {
    ends(addon === clean ? 0 : 23)(run, watched);
    run.check(addon === leaking ? watched.err.includes('keep_object') : watched.err === '', `stderr: ${watched.err}`);
    run.check(!watched.err.includes('/nonexistent'), `it speaks of the folders: ${watched.err}`);
  }, { settings: () => ({ env: { XDG_RUNTIME_DIR: '/nonexistent/a', TMPDIR: '/nonexistent/b' } }) })),
  // Nowhere to write at all: no /dev/shm, no temporary folder. In a mount namespace, where that is allowed.
  {
    name: 'option-nowhere-to-write', issue: 2, addons: [leaking], runtimes: ['node'],
    custom: async (run) => {
      // What the run itself needs stays: a build folder may well be below /tmp.
      const folders = ['/dev/shm', '/run', '/tmp'].filter((folder) => ![run.folder, root, run.runtime.path].some((path) => path.startsWith(`${folder}/`)));
      const mounts = folders.map((folder) => `mount -t tmpfs -o ro none ${folder} && `).join('');
      const allowed = await run.bare(['unshare', '-m', '/bin/sh', '-c', `${mounts} /bin/true`]);
      const prefix = allowed.code === 0 ? mounts : '';
      const command = [...(prefix ? ['unshare', '-m'] : []), ...shell(run, prefix, ['run'])];
      const watched = await run.under(command, {}, { env: { XDG_RUNTIME_DIR: '/nonexistent/a', TMPDIR: '/nonexistent/b' } });
      run.check(watched.out === 'end of drive\n', `${watched.out}${watched.err}`);
      ends(23)(run, watched);
      run.check(watched.err.includes('keep_object'), watched.err);
      const lines = watched.err.split('\n').filter((l) => /in memory only/.test(l));
      run.check(lines.length === (prefix && folders.includes('/tmp') ? 1 : 0), `what it says of the place: ${watched.err}`);
    },
  },
  // A full disk: small file systems, where mounting is allowed. In the smallest the record has no room and goes elsewhere;
  // in the one of 400 KiB it begins and cannot grow: nothing is judged then, and the report says so.
  {
    name: 'option-full-disk', issue: 2, addons: [leaking], runtimes: ['node'],
    custom: async (run) => {
      mkdirSync(run.path('small'));
      const allowed = await run.bare(['unshare', '-m', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', run.path('small')]);
      if (allowed.code !== 0) return;
      for (const [size, code, says] of [['4k', 23, /cannot keep the record in .*small: No space left on device; trying elsewhere/],
        ['64k', 23, /cannot keep the record in .*small: No space left on device; trying elsewhere/],
        ['400k', 0, /stopped judging after \d+ ms: the record cannot grow: No space left on device/]]) {
        const prefix = `mount -t tmpfs -o size=${size} none '${run.path('small')}' &&`;
        const command = ['unshare', '-m', ...shell(run, prefix, ['run*2000', 'gc'])];
        const watched = await run.under(command, { record: run.path('small'), format: `text,json=${run.path('small')}/r.json` });
        run.check(watched.out === 'end of drive\n', `${size}: ${watched.out}${watched.err}`);
        run.check(watched.code === code, `${size}: ended with ${endOf(watched)}: ${watched.err}`);
        run.check(watched.err.split('\n').filter((l) => says.test(l)).length === 1, `${size}: not one line that fits ${says}: ${watched.err}`);
        run.check(code === 0 || watched.err.includes('keep_object'), `${size}: the leak is not told: ${watched.err}`);
      }
    },
  },
  // A limit on the size of files holds for memory files too: with no room for a record the program runs unwatched.
  ...[0, 8, 200].map((blocks) => ({
    name: `option-file-size-limit-${blocks}`, issue: 2, addons: [leaking], runtimes: ['node'],
    custom: async (run) => {
      const watched = await run.under(shell(run, `ulimit -f ${blocks};`, ['run*2000', 'gc']), { format: `text,json=${run.path('r.json')}` });
      run.check(watched.out === 'end of drive\n', `${watched.out}${watched.err}`);
      ends(0)(run, watched);
      const lines = watched.err.split('\n').filter((l) => /cannot keep a record .*File too large\): this process is not checked/.test(l));
      run.check(lines.length === 1, `it does not say once that nothing is checked: ${watched.err}`);
    },
  })),
  // Other people's files: a record folder that is a link, or open to all, is not used blindly.
  {
    name: 'option-private-record', issue: 2, addons: [leaking], runtimes: ['node'],
    custom: async (run) => {
      await run.under(run.drive(run.case.addons, ['run']), { record: run.path('kept.nck'), keep_record: 1 });
      const mode = await run.bare(['stat', '-c', '%a', run.path('kept.nck')]);
      run.check(mode.out === '600\n', `the record's mode is ${mode.out}`);
      writeFileSync(run.path('precious.txt'), 'precious\n');
      chmodSync(run.path('precious.txt'), 0o644);
      const watched = await run.under(run.drive(run.case.addons, ['run']), { record: run.path('precious.txt') });
      run.check(watched.out === 'end of drive\n', watched.err);
      run.check(readFileSync(run.path('precious.txt'), 'utf8') === 'precious\n', 'a file that is no record of ours was written over');
    },
  },
];
