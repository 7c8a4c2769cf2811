// reports_cli.mjs NAPICHECK MAKE_RECORD SOURCE_DIR: the command line tool from outside, on records that no runtime wrote.
// Its JSON is validated against the schema by ajv, and every field that it writes has to be described there.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [tool, maker, source] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(source, 'package.json'));
const Ajv = require('ajv');
const schema = JSON.parse(readFileSync(join(source, 'reports/schema/report-v1.schema.json'), 'utf8'));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
const folder = mkdtempSync(join(tmpdir(), 'reports-cli-'));
const at = (name) => join(folder, name);

function make(name, settings = {}) {
  const r = spawnSync(maker, [at(name), ...Object.entries(settings).map(([k, v]) => `${k}=${v}`)], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  return at(name);
}
function run(args, options = {}) {
  const r = spawnSync(tool, args, { encoding: 'utf8', timeout: 60000, cwd: folder, maxBuffer: 1 << 28, ...options });
  assert.equal(r.signal, null, `${args}: ${r.signal}`);
  return r;
}
const isOneLine = (text) => /^napicheck: [^\n]+\n$/.test(text);
function refused(args, word, options) {
  const r = run(args, options);
  assert.equal(r.status, 2, `${args}: ${r.stdout}${r.stderr}`);
  assert.ok(isOneLine(r.stderr), r.stderr);
  assert.match(r.stderr, word);
}

// Every property of a document has to be described by the schema, or nobody would know of it.
function described(value, rule, path) {
  if (rule.$ref) return described(value, schema.definitions[rule.$ref.split('/').pop()], path);
  if (rule.anyOf) return value === null || described(value, rule.anyOf[0], path);
  if (Array.isArray(value)) return value.forEach((item, i) => described(item, rule.items, `${path}[${i}]`));
  if (value === null || typeof value !== 'object') return;
  for (const key of Object.keys(value)) {
    const inner = rule.properties?.[key] ?? (typeof rule.additionalProperties === 'object' ? rule.additionalProperties : undefined);
    assert.ok(inner, `${path}.${key} is not in the schema`);
    described(value[key], inner, `${path}.${key}`);
  }
}
function check(json) {
  assert.ok(validate(json), JSON.stringify(validate.errors, null, 1));
  described(json, schema, '$');
  return json;
}
const report = (args, options) => check(JSON.parse(run(['report', '--format=json', ...args], options).stdout));

const tests = {
  'JSON follows the schema'() {
    const variants = [{}, { lost: 97, held: 3, weak: 2, error: 2, warning: 1, note: 5, all: 1 }, { how: 'killed', live: 4 }, { how: 'abort', lost: 1 },
      { how: 'in-call', lost: 1, code: 3 }, { how: 'exec' }, { blind: 'no memory', lost: 3 }, { growing: 500 }, { options: 'show=all', lost: 1, ignored: 2 }];
    for (const settings of variants) {
      const json = report([make('a.napicheck', settings)]);
      assert.equal(json.processes[0].calls, 1000);
      assert.equal(json.processes[0].modules[0].file, 'addon.node');
      assert.equal(json.summary.error + json.summary.leak + json.summary.warning + json.summary.note, json.findings.length);
    }
    const json = report([make('a.napicheck', variants[1])]);
    assert.deepEqual([json.summary.error, json.summary.leak, json.summary.warning, json.summary.note], [1, 2, 1, 3]);
    assert.deepEqual(json.findings.map((f) => f.severity), ['error', 'leak', 'leak', 'warning', 'note', 'note', 'note']);
    const leak = json.findings.find((f) => f.kind === 'leaked-reference' && f.evidence === 'lost');
    assert.equal(leak.count, 97);
    assert.equal(leak.stacks[0].role, 'created');
    assert.match(leak.fingerprint, /^[0-9a-f]{16}$/);
    assert.deepEqual(leak.site.fates.map((f) => [f.verb, f.count]), [['deleted', 1903]]);
    assert.equal(json.findings[0].stacks[0].js[0].file, 'index.js');
    assert.equal(json.finalizers.length, 4);
    assert.equal(report([make('a.napicheck', { growing: 500 })]).findings[0].site.series.live.length, 50);
  },
  'exit status'() {
    const status = (settings, ...args) => run(['report', make('a.napicheck', settings), ...args]).status;
    assert.equal(status({}), 0);
    assert.equal(status({ lost: 1 }), 23);
    assert.equal(status({ error: 1 }), 23);
    assert.equal(status({ held: 1, warning: 1, note: 1 }), 0);
    assert.equal(status({ held: 1 }, '--leak_check=all'), 23);
    assert.equal(status({ lost: 1 }, '--exitcode=7'), 7);
    assert.equal(status({ lost: 1, options: 'exitcode=0' }), 0);
    assert.equal(status({ lost: 1, options: 'exitcode=0' }, '--exitcode=23'), 23);
    assert.equal(status({}, '--require=other.node'), 24);
    assert.equal(status({}, '--require=addon*'), 0);
  },
  'text'() {
    const clean = make('a.napicheck');
    assert.equal(run(['report', '--at-exit', clean]).stderr, '');
    const one = run(['report', '--at-exit', make('a.napicheck', { options: 'verbosity=1' })]);
    assert.equal(one.stdout, '');
    assert.equal(one.stderr, 'napicheck: SUMMARY: 0 errors, 0 leaks, 0 warnings, 0 notes in 1000 calls; exit 0 (napicheck 0.1.0, node 20.20.2, 0 functions intercepted)\n');
    const dirty = run(['report', '--at-exit', make('a.napicheck', { lost: 97, error: 2, held: 1, warning: 1, all: 1 })]);
    assert.equal(dirty.stdout, '');
    const lines = dirty.stderr.trimEnd().split('\n');
    assert.equal(lines.at(-1), 'napicheck: SUMMARY: 1 error, 1 leak (97 references), 1 warning, 2 notes in 1000 calls; exit 23');
    assert.ok(lines.findIndex((l) => /^1\. error reference-use-after-delete x2: /.test(l)) < lines.findIndex((l) => /^2\. leak leaked-reference \(lost\) x97: /.test(l)));
    for (const words of [/^ +\* #0 +addon\.node\+0x7000$/m, /^ +at put \(\/app\/index\.js:41:9\)$/m, /^  suppress: +leaked-reference:addon\.node\+0x1000\$$/m, /^  explain: +napicheck explain leaked-reference$/m,
      /1903 others of this call site were deleted in addon\.node\+0x5000/, /callbacks that made most handles/, /^2 notes not printed; show=note prints them$/m])
      assert.match(dirty.stderr, words);
    assert.ok(!dirty.stderr.includes('\x1b'));
    assert.ok(run(['report', '--color=always', make('a.napicheck', { lost: 1 })]).stdout.includes('\x1b[1;35m'));
    assert.match(run(['report', make('a.napicheck', { how: 'killed', live: 12 })]).stdout, /pid 4711 was killed[^]*note leaked-reference \(live\) x12/);
    assert.match(run(['report', '--at-exit', make('a.napicheck', { lost: 1, how: 'exec' })]).stderr, /; exit 23 \(were it not for the program that took its place, whose status it is\)\n$/);
    assert.match(run(['report', make('a.napicheck', { lost: 1, code: 3 })]).stdout, /; exit 3 \(the program's own; napicheck alone would say 23\)\n$/);
  },
  'finalizers in their order: what is alike and in a row is one row'() {
    const table = (settings) => /^finalizers in the order[^]*?\n\n/m.exec(run(['report', make('a.napicheck', { late: 1, all: 1, ...settings })]).stdout)[0].trimEnd().split('\n');
    const rows = table({ finalizers: 50 });
    assert.equal(rows.length, 1 + 4 + 1);
    assert.match(rows[0], /running:$/);
    assert.match(rows[2], /^ +2 +after gc +wrap/);
    assert.match(rows[4], /^ +4 +teardown +wrap +env 1 +addon\.node\+0x5000/);
    assert.match(rows[5], /^ +5 x50 +teardown +external +env 1 /);
    assert.equal(table({}).length, 1 + 4);
    assert.doesNotMatch(run(['report', make('a.napicheck', { warning: 1, all: 1 })]).stdout, /finalizers in the order/);
  },
  'the record goes after its report, and stays when that cannot be written'() {
    run(['report', '--at-exit', make('a.napicheck', { lost: 1 })]);
    assert.ok(!existsSync(at('a.napicheck')));
    run(['report', '--at-exit', make('a.napicheck', { lost: 1, options: 'keep_record=1' })]);
    assert.ok(existsSync(at('a.napicheck')));
    const r = run(['report', '--at-exit', make('a.napicheck', { lost: 1, options: 'format=text,json=/nowhere/out.json' })]);
    assert.match(r.stderr, /^napicheck: cannot write \/nowhere\/out\.json: /m);
    assert.match(r.stderr, /SUMMARY: .*1 leak/);
    assert.ok(existsSync(at('a.napicheck')));
    assert.equal(r.status, 23);
    run(['report', make('a.napicheck', { lost: 1 })]);
    assert.ok(existsSync(at('a.napicheck')));
  },
  'a full disk: one line and 2'() {
    const record = make('a.napicheck', { lost: 1 });
    for (const args of [['report', record], ['report', '--format=json', record], ['suppress', record], ['diff', record, record], ['explain'], ['explain', 'leaked-reference'], ['clean', folder], ['--help'], ['--version'], ['run', '--help']]) {
      const r = spawnSync('sh', ['-c', 'exec "$0" "$@" > /dev/full', tool, ...args], { encoding: 'utf8', cwd: folder });
      assert.equal(r.status, 2, args.join(' '));
      assert.match(r.stderr, /^napicheck: cannot write the (output|report): No space left on device\n$/, args.join(' '));
    }
  },
  'bad input: one line and 2'() {
    const good = make('a.napicheck', { lost: 10, all: 1 });
    refused(['report', at('none')], /none: No such file/);
    refused(['report', source], /holds no records/);
    refused(['report', tool], /is not a napicheck record/);
    refused(['report', '4194304999'], /No such file/);
    refused(['report', '999999999'], /no process 999999999/);
    refused(['report', String(process.pid)], /has no record/);
    refused(['report', '--exitcod=1', good], /did you mean --exitcode\?/);
    refused(['reprot', good], /did you mean `report'\?/);
    refused(['explain', 'leaked-refrence'], /did you mean `leaked-reference'\?/);
    refused(['diff', good, source], /holds no records/);
    refused(['suppress', at('none')], /No such file/);
    truncateSync(good, 140000);
    refused(['report', good], /cut short/);
    mkdirSync(at('some'));
    make('some/a.napicheck', { lost: 1 });
    make('some/b.napicheck', { lost: 2 });
    symlinkSync('/etc/passwd', at('some/c.napicheck'));
    assert.equal(report([at('some')]).processes.length, 2);
    truncateSync(at('some/a.napicheck'), 100);
    const r = run(['report', at('some')]);
    assert.equal(r.status, 2);
    assert.ok(isOneLine(r.stderr));
    assert.match(r.stdout, /1 leak \(2 references\)/);
    writeFileSync(at('bad.supp'), 'leaked-referense:x\n');
    const suppressed = run(['report', '--suppressions=bad.supp,none.supp', make('a.napicheck', { lost: 1 })]);
    assert.equal(suppressed.status, 2);
    assert.match(suppressed.stderr, /^napicheck: bad\.supp:1: unknown kind [^\n]+\nnapicheck: cannot read suppressions from none\.supp: [^\n]+\n$/);
  },
  'files appear complete or not at all'() {
    const record = make('a.napicheck', { lost: 1 });
    writeFileSync(at('out.json'), 'old');
    run(['report', '--format=text,json=out.json', '--log_path=%p-%e.%%.txt', record]);
    check(JSON.parse(readFileSync(at('out.json'), 'utf8')));
    assert.match(readFileSync(at('4711-node.%.txt'), 'utf8'), /SUMMARY/);
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.tmp')), []);
    assert.equal(run(['report', '--format=json=/dev/full', record]).status, 2);
  },
  async 'pipes are written to, and never waited for'() {
    spawnSync('mkfifo', [at('pipe.txt'), at('pipe.json'), at('nobody')]);
    const options = `format=text=${at('pipe.txt')},json=${at('pipe.json')}`;
    const readers = ['pipe.txt', 'pipe.json'].map((name) => spawn('cat', [at(name)], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const texts = readers.map(() => '');
    readers.forEach((reader, i) => reader.stdout.on('data', (data) => { texts[i] += data; }));
    const record = make('a.napicheck', { lost: 1, options });
    await new Promise((resolve) => setTimeout(resolve, 300)); // the readers have to be there
    const child = spawn(tool, ['report', '--at-exit', record], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20000 });
    const [[status]] = await Promise.all([once(child, 'exit'), ...readers.map((reader) => once(reader, 'close'))]);
    assert.equal(status, 23);
    assert.match(texts[0], /1 leak \(1 reference\)/);
    check(JSON.parse(texts[1]));
    const nobody = run(['report', `--format=json=${at('nobody')}`, make('a.napicheck')], { timeout: 10000 });
    assert.equal(nobody.status, 2);
    assert.match(nobody.stderr, /^napicheck: cannot write [^\n]*nobody: No such device or address\n$/);
  },
  'a temporary file of another program is not followed'() {
    const record = make('a.napicheck', { lost: 1 });
    writeFileSync(at('precious'), 'precious');
    const script = `ln -s precious out.json.$$.tmp; exec "$0" report --format=json=out.json "$1"`;
    const r = spawnSync('sh', ['-c', script, tool, record], { cwd: folder, encoding: 'utf8' });
    assert.equal(r.status, 23, r.stderr);
    assert.equal(readFileSync(at('precious'), 'utf8'), 'precious');
    check(JSON.parse(readFileSync(at('out.json'), 'utf8')));
  },
  'a descriptor that is a file is written to as it is'() {
    const record = make('a.napicheck', { lost: 1 });
    writeFileSync(at('log'), 'before\n');
    const r = spawnSync('sh', ['-c', '"$0" report --format=json=/dev/stderr "$1" 2>>log; "$0" report --format=json=/proc/self/fd/3 "$1" 3>>log', tool, record], { cwd: folder, encoding: 'utf8' });
    assert.equal(r.status, 23, r.stderr);
    assert.equal(readFileSync(at('log'), 'utf8').split('"napicheck-report/1"').length, 3);
    assert.match(readFileSync(at('log'), 'utf8'), /^before\n/);
    assert.ok(lstatSync('/dev/stderr').isSymbolicLink());
  },
  async 'processes of one run share a report'() {
    // Processes that look like the program: the library's name in LD_PRELOAD, the same options, one below the other.
    const options = `format=text,json=${at('tree.json')}:log_path=${at('tree.txt')}`;
    const tree = async () => {
      const env = { PATH: process.env.PATH, LD_PRELOAD: '/nowhere/libnapicheck.so', NAPICHECK_OPTIONS: options };
      const shell = spawn('sh', ['-c', 'sleep 60 & a=$!; sleep 60 & b=$!; echo $a $b; wait'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
      const [line] = await once(shell.stdout, 'data');
      const pids = String(line).trim().split(' ').map(Number);
      for (const pid of pids) {
        const r = run(['report', '--at-exit', make('a.napicheck', { lost: pid % 7 + 1, pid, options })]);
        assert.equal(r.status, 23, r.stderr);
      }
      for (const pid of [...pids, shell.pid]) process.kill(pid, 'SIGKILL');
      return { pids, root: shell.pid };
    };
    for (let round = 0; round < 2; round++) {
      const { pids, root } = await tree();
      const json = check(JSON.parse(readFileSync(at('tree.json'), 'utf8')));
      assert.deepEqual(json.processes.map((p) => p.pid), pids);
      assert.equal(json.run.root_pid, root);
      assert.equal(json.summary.leak, 2);
      assert.equal(json.counters.reference.created, 20);
      assert.equal(json.summary.verdict, 23);
      assert.equal(readFileSync(at('tree.txt'), 'utf8').match(/SUMMARY/g).length, 2);
    }
  },
  async 'a live process'() {
    const child = spawn(maker, [at('live.napicheck'), 'map=1', 'live=5'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const json = report([String(child.pid)]);
    assert.equal(json.processes[0].end.how, 'running');
    assert.deepEqual(json.findings.map((f) => [f.kind, f.evidence, f.severity, f.count]), [['leaked-reference', 'live', 'note', 5]]);
    rmSync(at('live.napicheck'));
    assert.match(run(['report', String(child.pid)]).stdout + run(['report', String(child.pid)]).stderr, /live|map_files/);
    child.stdin.end();
    await once(child, 'exit');
  },
  'suppress and suppressions'() {
    const record = make('a.napicheck', { lost: 97, weak: 3, error: 2, held: 1 });
    const lines = run(['suppress', record]).stdout;
    assert.match(lines, /^# leak, 97 in addon\.node\nleaked-reference:addon\.node\+0x1000\$$/m);
    writeFileSync(at('all.supp'), lines + 'stale-handle:nothing\n');
    const json = report(['--suppressions=all.supp', record]);
    assert.deepEqual([json.summary.error, json.summary.leak, json.summary.suppressed, json.summary.note], [0, 0, 3, 1]);
    assert.equal(json.accepted_findings.length, 3);
    assert.equal(json.accepted_findings[0].state, 'suppressed');
    assert.deepEqual(json.suppressions.map((s) => s.findings), [1, 1, 1, 0]);
    assert.equal(run(['report', '--suppressions=all.supp', record]).status, 0);
    // From the JSON as well, and napicheck.supp of the program's folder is taken by itself.
    writeFileSync(at('a.json'), JSON.stringify(report([record])));
    assert.equal(run(['suppress', at('a.json')]).stdout, lines);
    mkdirSync(at('work'));
    writeFileSync(at('work/napicheck.supp'), '*:addon.node\n');
    assert.equal(run(['report', make('a.napicheck', { lost: 1, cwd: at('work') })]).status, 0);
    assert.match(run(['report', '--show=all', '--suppressions=all.supp', make('a.napicheck', { warning: 1 })]).stdout, /^unused suppression all\.supp:\d+: stale-handle:nothing$/m);
  },
  'diff'() {
    const before = make('before.napicheck', { lost: 10, error: 1 }), after = make('after.napicheck', { lost: 12, weak: 3 });
    const r = run(['diff', before, after]);
    assert.equal(r.status, 23);
    assert.match(r.stdout, /^new +leak +leaked-weak-reference +0 -> 3 .*\ngrown +leak +leaked-reference +10 -> 12 .*\ngone +error +reference-use-after-delete +1 -> 0 .*\nnapicheck: DIFF: 1 new, 1 grown, 1 shrunk or gone\n$/);
    assert.equal(run(['diff', before, before]).status, 0);
    writeFileSync(at('before.json'), JSON.stringify(report([before])));
    const json = JSON.parse(run(['diff', '--json', at('before.json'), after]).stdout);
    assert.deepEqual(json.changes.map((c) => c.change), ['new', 'grown', 'gone']);
  },
  'baseline'() {
    const record = make('a.napicheck', { lost: 10, error: 1, held: 1 });
    assert.equal(run(['report', '--write_baseline=base.json', record]).status, 23);
    assert.deepEqual(JSON.parse(readFileSync(at('base.json'), 'utf8')).findings.map((f) => [f.kind, f.count]).sort(), [['leaked-reference', 10], ['reference-use-after-delete', 1]]);
    const same = report(['--baseline=base.json', record]);
    assert.deepEqual([same.summary.baseline, same.summary.leak, same.summary.error, same.summary.verdict], [2, 0, 0, 0]);
    const grown = report(['--baseline=base.json', make('a.napicheck', { lost: 11 })]);
    assert.deepEqual([grown.summary.leak, grown.summary.verdict], [1, 23]);
    assert.ok(grown.findings[0].facts.some((f) => f.startsWith('grown: the baseline accepts 10')));
    assert.ok(grown.notes.some((n) => /1 finding of the baseline is gone/.test(n)));
    refused(['report', '--baseline=none.json', '--format=json=/dev/null', record], /cannot read none\.json/);
  },
  'explain'() {
    const words = readFileSync(join(source, 'include/napicheck/findings.def'), 'utf8').match(/^NCK_FINDING\(\w+, "[^"]+"/gm).map((row) => row.split('"')[1]);
    assert.ok(words.length > 30);
    const list = run(['explain']).stdout;
    // The words of a page in one order, whatever breaks its lines and marks them; its code as it is.
    const wordsOf = (text) => text.replace(/^```.*$/gm, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/`|\*\*|^#+ /gm, '').split(/\s+/).filter(Boolean).join(' ');
    for (const word of words) {
      assert.ok(list.includes(`  ${word} `), word);
      const page = readFileSync(join(source, `docs/findings/${word}.md`), 'utf8');
      const code = [...page.matchAll(/^```.*\n([\s\S]*?)^```$/gm)].flatMap((match) => match[1].split('\n')).filter(Boolean);
      for (const columns of [60, 100]) {
        const printed = run(['explain', word], { env: { ...process.env, COLUMNS: String(columns) } });
        assert.equal(printed.status, 0);
        assert.match(printed.stdout, new RegExp(`^${word}\n\n`));
        assert.match(printed.stdout, /What to do: /);
        const prose = page.replace(/^```.*\n[\s\S]*?^```$/gm, '');
        const shown = printed.stdout.split('\n');
        for (const line of code) assert.ok(shown.includes(`    ${line}`), `${word}: ${line}`);
        const others = shown.filter((line) => !code.includes(line.slice(4)));
        // What is left is the prose, without Markdown's marks.
        assert.equal(others.join(' ').split(/\s+/).filter(Boolean).join(' '), wordsOf(prose), word);
        // A word may be longer than the line, two are not.
        for (const line of others) assert.ok(line.length <= columns || !/\S \S/.test(line), `${word}, ${columns}: ${line}`);
        assert.ok(!/[\x00-\x08\x1b]/.test(printed.stdout), word);
      }
    }
  },
  'help fits a screen'() {
    const help = run(['--help']);
    assert.equal(help.status, 0);
    assert.ok(help.stdout.split('\n').length <= 24);
    assert.match(help.stdout, /Example:/);
    assert.match(run(['--version']).stdout, /^napicheck \d+\.\d+\.\d+\n$/);
    for (const command of ['run', 'report', 'top', 'diff', 'explain', 'suppress', 'clean']) {
      assert.ok(help.stdout.includes(`napicheck ${command}`));
      const page = run([command, '--help']);
      assert.equal(page.status, 0);
      assert.match(page.stdout, /Example:/);
      assert.ok(page.stdout.trimEnd().split('\n').length <= 24 && page.stdout.split('\n').every((line) => line.length < 80), page.stdout);
    }
  },
  'help=all lists every option'() {
    const options = readFileSync(join(source, 'include/napicheck/options.def'), 'utf8').match(/^NCK_OPTION\((\w+)/gm).map((row) => row.slice(11)).filter((name) => name !== 'help');
    for (const command of ['run', 'report']) {
      const page = run([command, '--help=all']);
      assert.equal(page.status, 0);
      for (const name of options) assert.match(page.stdout, new RegExp(`^ +--${name}(\\[?=| )`, 'm'));
      assert.ok(!run([command, '--help']).stdout.includes('--stack_depth'));
    }
    // The command that is run has a --help of its own.
    assert.equal(run(['run', '--', 'echo', '--help=all']).stdout, '--help=all\n');
  },
  'a million objects'() {
    const record = make('million.napicheck', { lost: 1000000, sites: 10 });
    const start = process.hrtime.bigint();
    const json = report([record]);
    let seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (seconds >= 2) { // the machine is busy: once more
      const again = process.hrtime.bigint();
      report([record]);
      seconds = Math.min(seconds, Number(process.hrtime.bigint() - again) / 1e9);
    }
    assert.equal(json.findings.length, 10);
    assert.equal(json.findings.reduce((n, f) => n + f.count, 0), 1000000);
    assert.ok(seconds < 2, `${seconds} s`);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
  } catch (error) {
    failed++;
    console.error(`FAILED ${name}\n${error.stack}`);
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(`${Object.keys(tests).length - failed} of ${Object.keys(tests).length} passed`);
process.exit(failed ? 1 : 0);
