// records.mjs - `napicheck report` on records that are whole, cut, foreign or not there, and its command line.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { endOf } from '../harness.mjs';

// A record of a run that was killed, and one that was kept.
async function makeRecord(run) {
  const path = run.path('good.nck');
  const watched = await run.under(run.drive(['leaked-reference__local'], ['run*5', 'gc']), { record: path, keep_record: 1 });
  run.check(existsSync(path), `no record: ${watched.err}`);
  return path;
}

const isRefused = (run, what, reading) => {
  run.check(reading.code === 2, `${what}: ended with ${endOf(reading)}: ${reading.err}`);
  run.check(reading.err.trim().split('\n').length === 1 && /^napicheck( \w+)?: /.test(reading.err), `${what}: not one clear line: ${reading.err}`);
  run.check(reading.out === '', `${what}: stdout: ${reading.out}`);
};

const bad = (name, make) => ({
  name: `record-${name}`, issue: 2, addons: ['leaked-reference__local'], runtimes: ['node'],
  custom: async (run) => {
    const path = run.path('bad.nck');
    const target = (await make(run, path)) ?? path;
    isRefused(run, name, await run.napicheck('report', target));
  },
});

export const records = [
  {
    name: 'record-good', issue: 2, addons: ['leaked-reference__local'], runtimes: ['node'],
    custom: async (run) => {
      const path = await makeRecord(run);
      const text = await run.napicheck('report', path);
      run.check(endOf(text) === 23, `ended with ${endOf(text)}`);
      run.check((text.out + text.err).includes('keep_object'), `the text: ${text.out}${text.err}`);
      await run.napicheck('report', `--format=json=${run.path('again.json')}`, path);
      const report = run.report(run.path('again.json'));
      run.check(report?.findings.find((f) => f.severity === 'leak')?.count === 5, 'the leak is in the record');
    },
  },
  {
    name: 'record-of-a-killed-process', issue: 2, addons: ['leaked-reference__local'], runtimes: ['node'],
    custom: async (run) => {
      const path = run.path('killed.nck');
      await run.under(run.drive(run.case.addons, ['run*6', 'kill=SIGKILL']), { record: path });
      const text = await run.napicheck('report', path);
      run.check([0, 23].includes(text.code), `ended with ${endOf(text)}: ${text.err}`);
      run.check((text.out + text.err).includes('keep_object'), `the text does not say what lived: ${text.out}${text.err}`);
    },
  },
  bad('missing', (run) => run.path('no-such-file')),
  bad('empty', (run, path) => writeFileSync(path, '')),
  bad('one-byte', (run, path) => writeFileSync(path, 'x')),
  bad('foreign-text', (run, path) => writeFileSync(path, 'hello\n'.repeat(10000))),
  bad('foreign-binary', (run, path) => writeFileSync(path, readFileSync('/bin/true'))),
  bad('zeros', (run, path) => writeFileSync(path, Buffer.alloc(1 << 20))),
  bad('empty-folder', (run) => { mkdirSync(run.path('nothing')); return run.path('nothing'); }),
  bad('cut-header', async (run, path) => writeFileSync(path, readFileSync(await makeRecord(run)).subarray(0, 40))),
  bad('cut-one-page', async (run, path) => writeFileSync(path, readFileSync(await makeRecord(run)).subarray(0, 4096))),
  bad('cut-half', async (run, path) => {
    const whole = readFileSync(await makeRecord(run));
    writeFileSync(path, whole.subarray(0, whole.length >> 1));
  }),
  bad('other-version', async (run, path) => {
    // record.h: eight bytes of magic, then the version.
    const whole = readFileSync(await makeRecord(run));
    whole.writeUInt32LE(whole.readUInt32LE(8) + 1, 8);
    writeFileSync(path, whole);
  }),
  {
    name: 'command-line', issue: 2, runtimes: ['node'],
    custom: async (run) => {
      isRefused(run, 'no file', await run.napicheck('report'));
      const commands = ['run', 'report', 'top', 'diff', 'explain', 'suppress', 'clean'];
      const wrong = [['reprot', 'x'], ['report', '--format=jsno', '/dev/null'], ['report', '--exitcode=999', '/dev/null'],
        ['report', '1', '2'], ['top', '999999999'], ['diff', 'x'], ['suppress'], ['run'], ['run', '--'],
        ['suppress', '/nonexistent'], ['diff', '/nonexistent', '/nonexistent'], ['clean', '/nonexistent'], ['--no-such-option'],
        ...commands.flatMap((command) => [[command, '--no-such-option', 'x'], [command, '-5', 'x'], [command, '--hlep']])];
      for (const argv of wrong) isRefused(run, argv.join(' '), await run.napicheck(...argv));
      const near = await run.napicheck('reprot', 'x');
      run.check(/report/.test(near.err.replace('reprot', '')), `the nearest command is not named: ${near.err}`);
      const help = await run.napicheck('--help');
      run.check(help.code === 0 && /report/.test(help.out), `--help: ${endOf(help)} ${help.out}${help.err}`);
      const version = await run.napicheck('--version');
      run.check(version.code === 0 && /\d+\.\d+\.\d+/.test(version.out), `--version: ${endOf(version)} ${version.out}`);
    },
  },
];
