// acceptance.mjs - what a team with old leaks works with: modules=, suppressions, baselines, diff, fingerprints.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { casesDir, endOf, root, runCommand } from '../harness.mjs';

const leaking = 'leaked-reference__local';
const other = 'leaked-reference__freed-holder';
const onNode = { issue: 5, runtimes: ['node'] };
const isSerious = (finding) => finding.severity !== 'note';
const sum = (findings) => findings.reduce((n, f) => n + f.count, 0);

// The command that drives addons which lie elsewhere.
const driveFiles = (run, files, steps) => {
  const command = run.drive([], steps);
  command[command.indexOf('')] = files.join(',');
  return command;
};

// One run with a report; the schema is checked with it.
async function reported(run, command, options = {}, settings = {}) {
  const path = run.path('report.json');
  const watched = await run.under(command, { format: `text,json=${path}`, ...options }, settings);
  return { ...watched, report: run.report(path, settings) };
}

// An addon as a package of its own, in node_modules of the case's folder.
function install(run, addon, name, version, file = 'addon.node') {
  const folder = run.path(`node_modules/${name}`);
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, author: { name: 'somebody' }, name, version }, null, 2));
  copyFileSync(run.addonPath(addon), join(folder, 'build/Release', file));
  return join(folder, 'build/Release', file);
}

// A real package, prebuilt and stripped: each Buffer of 200 synchronous calls stays referenced.
const snappy = (run) => [...run.runtime.launch, join(root, 'scripts/example/snappy.js')];

// --- modules= ---

// Two addons of two packages, both with a leak: which of them are checked.
const modules = (name, globs, wanted) => ({
  name: `modules-${name}`, ...onNode, addons: [leaking, other],
  custom: async (run) => {
    const files = [install(run, leaking, '@demo/cache', '1.2.3', 'cache.node'), install(run, other, 'holder', '2.0.0', 'holder.node')];
    const { report, code, err } = await reported(run, driveFiles(run, files, ['run*3', 'b.run*2']), { modules: globs }, { calls: wanted.length ? 1 : 0 });
    const found = [...new Set(report?.findings.filter(isSerious).map((f) => f.module))].sort();
    run.check(found.join() === wanted.join(), `${globs} checks ${found}, not ${wanted}`);
    run.check(code === (wanted.length ? 23 : 0), `ended with ${code}`);
    const watched = report?.processes[0].modules.filter((m) => m.watched).map((m) => m.file).sort();
    run.check(watched?.join() === wanted.join(), `watched are ${watched}`);
    // Each addon with something to say has a line of its own, with its package, leaks and calls.
    const lines = ['cache.node (@demo/cache@1.2.3): 0 errors, 1 leak, 0 warnings, 0 notes in ', 'holder.node (holder@2.0.0): 0 errors, 1 leak, 0 warnings, 0 notes in '];
    lines.forEach((line, i) => run.check(err.split('\n').some((l) => l.startsWith(line)) === wanted.includes(['cache.node', 'holder.node'][i]), `${line}: ${err}`));
    // A check that checks nothing must not look like one that finds nothing.
    if (!wanted.length) run.check(err === `napicheck: modules=${globs} leaves out all addons of this run: cache.node, holder.node\n`, `stderr: ${err}`);
  },
});

// --- suppressions ---

// What `napicheck suppress` prints, used at once, makes the run clean; each of its lines is used.
const own = (name, row) => ({
  name: `suppress-makes-clean-${name}`, ...onNode, addons: [], ...row,
  custom: async (run) => {
    const command = row.command?.(run) ?? run.drive(row.addons, row.steps ?? ['run*3']);
    const before = await reported(run, command);
    const serious = before.report?.findings.filter(isSerious) ?? [];
    if (!run.check(serious.length > 0, 'nothing was found to suppress')) return;
    const lines = await run.napicheck('suppress', run.path('report.json'));
    run.check(lines.code === 0 && lines.err === '', `suppress: ${lines.code} ${lines.err}`);
    writeFileSync(run.path('made.supp'), lines.out);
    const after = await reported(run, command, { suppressions: run.path('made.supp') });
    run.check(after.code === 0, `ended with ${endOf(after)}: ${after.err}`);
    const { error, leak, warning, suppressed, note } = after.report?.summary ?? {};
    run.check(error === 0 && leak === 0 && warning === 0, `left: ${JSON.stringify(after.report?.summary)}`);
    // Notes of the same call sites go with them.
    const accepted = after.report?.accepted_findings ?? [];
    run.check(accepted.filter(isSerious).length === serious.length && sum(accepted.filter(isSerious)) === sum(serious), `${suppressed} of ${serious.length} are suppressed`);
    run.check(note + suppressed === before.report.findings.length, `${note} notes and ${suppressed} suppressed of ${before.report.findings.length}`);
    run.check(after.report.suppressions.length > 0 && after.report.suppressions.every((s) => s.findings > 0), `unused: ${JSON.stringify(after.report.suppressions)}`);
    run.check(!/SUMMARY/.test(after.err), `a clean run prints a report: ${after.err}`);
  },
});

// Lines that apply to the leak of leaked-reference__local (five objects), and such that do not.
const rules = [
  ['leaked-reference:keep_object', true], ['leaked-reference:^keep_object$', true], ['leaked-reference:keep', true],
  ['leaked-reference:k*p_ob*t', true], ['leaked-reference:^object', false], ['leaked-reference:keep_obj$', false],
  ['*:keep_object', true], ['leaked-weak-reference:keep_object', false],
  ['leaked-reference:leaked-reference__local.c', true], ['leaked-reference:tests/addons/', true], ['leaked-reference:^cache.node$', true],
  ['leaked-reference:@demo/cache', true], ['leaked-reference:@demo/cache@1.2.3', true], ['leaked-reference:@demo/cache@1.2.4', false],
  ['leaked-reference:drive.cjs', true], ['leaked-reference:*', true], ['leaked-reference:Keep_object', false],
  ['leaked-reference:keep_object max=5', true], ['leaked-reference:keep_object max=4', 'are more than max=4: not applied'],
  ['leaked-reference:keep_object expires=2999-12-31', true], ['leaked-reference:keep_object expires=2020-01-01', 'expired on 2020-01-01'],
  ['leaked-reference:keep_object max=5 expires=2999-12-31 reason="kept # on purpose"  # a comment', true],
];

// --- baselines ---

const counts = (report) => ['error', 'leak', 'warning', 'baseline'].map((key) => report?.summary[key]).join();

// --- fingerprints ---

// What a fingerprint is made of, and nothing else: FNV-1a over kind, module and call site.
function fingerprint(...words) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(words.map((word) => `${word}\0`).join('')))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
}
const sites = {
  plain: ['remember', 'watch'],
  classes: ['app::Cache::Put(Napi::CallbackInfo const&)::{lambda(Napi::Object)#1}::operator()', '(anonymous namespace)::Keeper<Napi::Object>::Keep'],
};
const wantedPrints = (source) => [['leaked-reference', 5], ['leaked-weak-reference', 3]]
  .map(([kind, count], i) => `${kind} ${count} ${fingerprint(kind, 'addon.node', sites[source][i])}`).join();
const prints = (report) => report?.findings.filter(isSerious).map((f) => `${f.kind} ${f.count} ${f.fingerprint}`).sort().join();

// Builds a source of fingerprints/ as FOLDER/addon.node.
async function build(run, source, folder, { flags = [], compiler, above = '', strip = [] } = {}) {
  const isC = source === 'plain', path = run.path(folder), file = `${source}.${isC ? 'c' : 'cc'}`;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, file), above + readFileSync(join(casesDir, 'fingerprints', file), 'utf8'));
  const modules = join(root, 'node_modules');
  const headers = ['-isystem', join(modules, 'node-api-headers/include')];
  const cxx = ['-std=c++17', '-fno-exceptions', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-isystem', join(modules, 'node-addon-api')];
  const program = compiler ?? (isC ? process.env.CC ?? 'cc' : process.env.CXX ?? 'c++');
  const lines = [[program, '-w', '-fPIC', '-shared', '-fvisibility=hidden', ...headers, ...(isC ? ['-std=gnu11'] : cxx), ...flags, '-o', 'addon.node', file], ...strip];
  for (const line of lines) {
    const made = await runCommand(line, { cwd: path, env: process.env });
    if (!run.check(made.code === 0, `${line.join(' ')}: ${made.err.slice(0, 2000)}`)) return null;
  }
  return join(path, 'addon.node');
}

async function printsOf(run, addon, before = []) {
  return prints((await reported(run, run.script('lose-both.cjs', ...before, addon))).report);
}

const toDebugFile = [['objcopy', '--only-keep-debug', 'addon.node', 'addon.debug'], ['strip', '--strip-all', 'addon.node'], ['objcopy', '--add-gnu-debuglink=addon.debug', 'addon.node']];
const builds = {
  O0: { flags: ['-g', '-O0'] }, O1: { flags: ['-g', '-O1'] }, O2: { flags: ['-g', '-O2'] }, O3: { flags: ['-g', '-O3'] }, Os: { flags: ['-g', '-Os'] },
  lto: { flags: ['-g', '-O2', '-flto'] },
  'elsewhere/in/a/folder': { flags: ['-g', '-O2'] },
  'more-above': { flags: ['-g', '-O2', '-DMORE_ABOVE'], above: '// a line\n'.repeat(60) },
  'debug-file': { flags: ['-g', '-O2'], strip: toDebugFile },
  'symbols-O0': { flags: ['-O0'] }, // not inlined: the symbol table says the same
};

// All builds of a source that keep its debug information, or inline nothing, are the same to a baseline.
const overBuilds = (source, names, compiler) => ({
  name: `fingerprint-over-builds-${source}`, ...onNode, addons: [], limitMs: 120000,
  custom: async (run) => {
    for (const folder of names) {
      const addon = await build(run, source, folder, builds[folder]);
      const seen = addon && await printsOf(run, addon);
      run.check(seen === wantedPrints(source), `${folder}: ${seen}, wanted ${wantedPrints(source)}`);
    }
    if ((await runCommand([compiler, '--version'], { env: process.env })).code !== 0) return; // not installed
    const addon = await build(run, source, compiler, { compiler, flags: ['-g', '-O2'] });
    const seen = addon && await printsOf(run, addon);
    run.check(seen === wantedPrints(source), `${compiler}: ${seen}, wanted ${wantedPrints(source)}`);
  },
});

export const acceptance = [
  modules('file', 'cache.node', ['cache.node']),
  modules('path', '*/holder/build/*', ['holder.node']),
  modules('package', '@demo/cache', ['cache.node']),
  modules('package-glob', '@demo/*', ['cache.node']),
  modules('package-version', 'holder@2.*', ['holder.node']),
  modules('several', 'nothing,holder,@demo/cache', ['cache.node', 'holder.node']),
  modules('author', 'somebody', []),
  modules('none', 'holder@3.*,cache', []),
  // A package of one's own, not below node_modules; and require= knows the same names.
  {
    name: 'modules-own-package', ...onNode, addons: [leaking],
    custom: async (run) => {
      mkdirSync(run.path('build/Release'), { recursive: true });
      writeFileSync(run.path('package.json'), '{"name":"@demo/own","version":"0.1.0"}');
      copyFileSync(run.addonPath(leaking), run.path('build/Release/own.node'));
      const command = driveFiles(run, [run.path('build/Release/own.node')], ['run*3']);
      for (const options of [{ modules: '@demo/own' }, { require: '@demo/own' }, { require: '@demo/own@0.*', modules: '@demo/own@0.1.0' }]) {
        const watched = await reported(run, command, options);
        run.check(watched.code === 23 && sum(watched.report.findings.filter(isSerious)) === 3, `${JSON.stringify(options)}: ${watched.code}`);
      }
      const missed = await run.under(command, { exitcode: 0, require: '@demo/own@1.*' });
      run.check(missed.code === 24, `require of another version: ${missed.code}`);
      const left = await run.under(command, { modules: 'else', require: '@demo/own' });
      run.check(left.code === 24 && /modules=else leaves out all addons of this run: own\.node/.test(left.err), `left out and required: ${left.code} ${left.err}`);
    },
  },

  own('c', { addons: [leaking, other], steps: ['run*3', 'b.run*2'] }),
  own('weak', { addons: ['leaked-weak-reference__local'] }),
  own('overwritten', { addons: ['leaked-reference__overwritten'], steps: ['run*5'] }),
  own('cxx', { addons: ['leaked-reference__cxx'] }),
  own('symbols', { addons: ['leaked-reference__cxx+symbols'] }),
  own('stripped', { addons: ['leaked-reference__local+stripped'] }),
  own('rust', { addons: ['leaked-reference__rust+v0'] }),
  own('error', { addons: ['reference-use-after-delete__value'] }),
  own('double-delete', { addons: ['reference-double-delete__local'] }),
  own('warning', { addons: ['instance-data-replaced__twice'], steps: ['run'] }),
  own('worker', { addons: [leaking], steps: ['run*2', 'workers*2[run*4;gc]'] }),
  own('async', { addons: ['leaked-async-work__local', 'unsettled-deferred__local'], steps: ['run', 'sleep=30', 'b.run'] }),
  own('real-package', { command: snappy }),
  {
    name: 'suppression-rules', ...onNode, addons: [leaking],
    custom: async (run) => {
      const command = driveFiles(run, [install(run, leaking, '@demo/cache', '1.2.3', 'cache.node')], ['run*5']);
      const record = run.path('kept.napicheck');
      await run.under(command, { record, keep_record: 1 });
      for (const [line, applies] of rules) {
        writeFileSync(run.path('one.supp'), `# first\n${line}\n`);
        const read = await run.napicheck('report', `--suppressions=${run.path('one.supp')}`, `--format=text,json=${run.path('read.json')}`, record);
        const report = run.report(run.path('read.json'));
        const [listed] = report?.suppressions ?? [];
        run.check(read.code === (applies === true ? 0 : 23), `${line}: ${read.code} ${read.err}`);
        run.check(listed?.number === 2 && listed.findings === (applies === true ? 1 : 0) && listed.objects === (applies === true ? 5 : 0), `${line}: listed as ${JSON.stringify(listed)}`);
        const said = applies === true ? /^suppressed 1 finding \(5 objects\) by \S*one\.supp:2: / : applies ? RegExp(`^suppression \\S*one\\.supp:2 .*${applies}`) : /^unused suppression \S*one\.supp:2: /;
        run.check(read.out.split('\n').some((l) => said.test(l)), `${line}: not told: ${read.out}`);
      }
      // max= counts what the report counts: four lost ones, not the one beside them that is held.
      const mixed = run.drive(['leaked-reference__overwritten'], ['run*5']);
      for (const [max, code] of [[4, 0], [3, 23]]) {
        writeFileSync(run.path('max.supp'), `leaked-reference:remember max=${max}\n`);
        const limited = await run.under(mixed, { suppressions: run.path('max.supp') });
        run.check(limited.code === code, `lost and held with max=${max}: ${limited.code} ${limited.err}`);
      }
      // The program's own run: napicheck.supp of its folder, and those named.
      writeFileSync(run.path('napicheck.supp'), 'leaked-reference:keep_object reason="old"\nstale-handle:nobody\n');
      const watched = await reported(run, command);
      run.check(watched.code === 0 && watched.report.suppressions.map((s) => s.findings).join() === '1,0', `napicheck.supp: ${watched.code} ${JSON.stringify(watched.report?.suppressions)}`);
      // A baseline of the caller's does not take them away.
      writeFileSync(run.path('empty.json'), '{"schema":"napicheck-baseline/1","findings":[]}');
      const both = await run.napicheck('report', `--baseline=${run.path('empty.json')}`, record);
      run.check(both.code === 0, `napicheck.supp beside --baseline: ${both.code} ${both.out}`);
      writeFileSync(run.path('a.supp'), 'leaked-reference:nobody\n');
      const named = await reported(run, command, { suppressions: 'a.supp,napicheck.supp' });
      run.check(named.code === 0 && named.report.suppressions.map((s) => s.findings).join() === '0,1,0', `two files: ${named.code} ${JSON.stringify(named.report?.suppressions)}`);
    },
  },

  {
    name: 'baseline-counts', ...onNode, addons: [leaking, other],
    custom: async (run) => {
      const base = run.path('base.json');
      const times = (n, m) => run.drive([leaking, other], [`run*${n}`, ...(m ? [`b.run*${m}`] : [])]);
      const written = await reported(run, times(5, 2), { write_baseline: base });
      run.check(written.code === 23, `writing: ${written.code}`);
      const rows = JSON.parse(readFileSync(base, 'utf8')).findings;
      run.check(rows.map((r) => [r.module, r.site, r.severity, r.count].join(' ')).sort().join() === `${other}.node holder_new leak 2,${leaking}.node keep_object leak 5`, `baseline: ${JSON.stringify(rows)}`);
      const runs = [
        [5, 2, 0, '0,0,0,2', ''],
        [6, 2, 23, '0,1,0,1', 'grown: the baseline accepts 5 at this call site'],
        [4, 2, 0, '0,0,0,2', /^napicheck: 1 finding of the baseline has fewer than it accepts; write_baseline=\S+base\.json takes the new count\n$/],
        [4, 1, 0, '0,0,0,2', /^napicheck: 2 findings of the baseline have fewer than it accepts; /],
        [5, 3, 23, '0,1,0,1', 'grown: the baseline accepts 2 at this call site'],
        [0, 2, 0, '0,0,0,1', /^napicheck: 1 finding of the baseline is gone; write_baseline=\S+base\.json takes it out\n$/],
      ];
      for (const [n, m, code, wanted, said] of runs) {
        const watched = await reported(run, n ? times(n, m) : run.drive([leaking, other], [`b.run*${m}`]), { baseline: base });
        run.check(watched.code === code && counts(watched.report) === wanted, `${n},${m}: ended with ${watched.code}, ${counts(watched.report)}: ${watched.err}`);
        run.check(said === '' ? watched.err === '' : said instanceof RegExp ? said.test(watched.err) : watched.err.includes(said), `${n},${m}: stderr ${watched.err}`);
      }
      // Where an addon is not loaded at all its findings are not gone.
      const part = await reported(run, run.drive([leaking], ['run*5']), { baseline: base });
      run.check(part.code === 0 && part.err === '' && part.report.notes.length === 0, `one addon of two: ${part.code} ${part.err}`);
      // Another site of the same addon is new.
      const more = await reported(run, run.drive(['leaked-reference__history'], ['run']), { baseline: base });
      run.check(more.code === 23 && counts(more.report) === '0,1,0,0', `another addon: ${more.code} ${counts(more.report)}`);
      // One baseline for all processes of a run, whoever writes it.
      const tree = run.drive([leaking], ['run*2', 'child[run*3]']);
      const launched = await run.launch(tree, { options: [`--write_baseline=${base}`] });
      const again = await run.launch(tree, { options: [`--baseline=${base}`] });
      run.check(launched.code === 23 && again.code === 0 && counts(again.report) === '0,0,0,2', `napicheck run: ${launched.code}, ${again.code} ${counts(again.report)} ${again.text}`);
      // Both processes in one line for the addon.
      const lines = launched.text.split('\n').filter((line) => line.startsWith(`${leaking}.node`));
      run.check(lines.length === 1 && / 0 errors, 2 leaks, /.test(lines[0]), `not one line for the addon: ${launched.text}`);
      const preloaded = run.path('tree.json');
      await run.under(tree, { write_baseline: preloaded });
      run.check(sum(JSON.parse(readFileSync(preloaded, 'utf8')).findings) === 5, `preloaded: ${readFileSync(preloaded, 'utf8')}`);
    },
  },
  // A kind that is a warning on one runtime and an error on another is accepted as what it was.
  {
    name: 'baseline-severity', ...onNode, addons: ['reference-double-delete__local'],
    custom: async (run) => {
      const base = run.path('base.json'), command = run.drive(run.case.addons, ['run']);
      await run.under(command, { write_baseline: base });
      const json = JSON.parse(readFileSync(base, 'utf8'));
      run.check(json.findings.length === 1 && json.findings[0].severity === 'error', JSON.stringify(json));
      run.check((await run.under(command, { baseline: base })).code === 0, 'as it was');
      json.findings[0].severity = 'warning';
      writeFileSync(base, JSON.stringify(json));
      const worse = await run.under(command, { baseline: base });
      run.check(worse.code === 23 && worse.err.includes('worse: the baseline accepts a warning at this call site'), `worse: ${worse.code} ${worse.err}`);
      delete json.findings[0].severity;
      writeFileSync(base, JSON.stringify(json));
      run.check((await run.under(command, { baseline: base })).code === 0, 'a row without a severity');
    },
  },
  {
    name: 'baseline-real-package', ...onNode, addons: [],
    custom: async (run) => {
      const base = run.path('base.json');
      const first = await reported(run, snappy(run), { write_baseline: base });
      const second = await reported(run, snappy(run), { baseline: base });
      run.check(first.code === 23 && second.code === 0 && second.err === '' && second.report.summary.baseline > 0, `${first.code}, ${second.code}: ${second.err}`);
      const json = JSON.parse(readFileSync(base, 'utf8'));
      json.findings[0].count--;
      writeFileSync(base, JSON.stringify(json));
      const third = await run.under(snappy(run), { baseline: base });
      run.check(third.code === 23 && /grown: the baseline accepts 199/.test(third.err), `one more: ${third.code} ${third.err}`);
    },
  },

  // What was held and is lost now got worse; what is suppressed there did not.
  {
    name: 'diff-severity', ...onNode, addons: [leaking, 'leaked-reference__overwritten'],
    custom: async (run) => {
      const report = async (name, addon, steps, options) => {
        await run.under(run.drive([addon], steps), { format: `json=${run.path(name)}`, ...options });
        return run.path(name);
      };
      const held = await report('held.json', 'leaked-reference__overwritten', ['run']);
      const lost = await report('lost.json', 'leaked-reference__overwritten', ['run*2']);
      const worse = await run.napicheck('diff', held, lost);
      run.check(worse.code === 23 && /^new +leak +leaked-reference +0 -> 1 /m.test(worse.out), `held to lost: ${worse.code} ${worse.out}`);
      const better = await run.napicheck('diff', lost, held);
      run.check(better.code === 0 && /^gone +leak +leaked-reference +1 -> 0 /m.test(better.out), `lost to held: ${better.code} ${better.out}`);
      const same = await run.napicheck('diff', lost, lost);
      run.check(same.code === 0 && same.out === 'napicheck: DIFF: 0 new, 0 grown, 0 shrunk or gone\n', `same: ${same.out}`);
      writeFileSync(run.path('all.supp'), 'leaked-reference:*\n');
      const few = await report('few.json', leaking, ['run*2']);
      const many = await report('many.json', leaking, ['run*9']);
      const accepted = await report('accepted.json', leaking, ['run*9'], { suppressions: run.path('all.supp') });
      const grown = await run.napicheck('diff', few, many);
      run.check(grown.code === 23 && /^grown +leak +leaked-reference +2 -> 9  keep_object at .*local\.c:\d+ +\(leaked-reference__local\.node\)$/m.test(grown.out), `grown: ${grown.code} ${grown.out}`);
      const quiet = await run.napicheck('diff', few, accepted);
      run.check(quiet.code === 0 && /^grown .* 2 -> 9 /m.test(quiet.out), `accepted: ${quiet.code} ${quiet.out}`);
    },
  },

  // Fingerprints: the same over builds, compilers, folders, orders of loading, runtimes, in workers.
  overBuilds('plain', Object.keys(builds), 'clang'),
  overBuilds('classes', ['O0', 'O2', 'more-above', 'debug-file'], 'clang++'), // napi.h takes seconds to compile
  {
    name: 'fingerprint-over-builds-rust', ...onNode, addons: ['leaked-reference__rust+legacy', 'leaked-reference__rust+v0', 'leaked-reference__rust+legacy-symbols', 'leaked-reference__rust+v0-symbols'],
    custom: async (run) => {
      const wanted = `leaked-reference 3 ${fingerprint('leaked-reference', 'addon.node', 'leaking_cache::cache::store::keep_forever')}`;
      for (const addon of run.case.addons) {
        const { report } = await reported(run, driveFiles(run, [install(run, addon, addon, '1.0.0')], ['run*3']));
        run.check(prints(report) === wanted, `${addon}: ${prints(report)}, wanted ${wanted}`);
      }
    },
  },
  // Without names a call site is an offset: the same for the same file, wherever it lies.
  {
    name: 'fingerprint-stripped', ...onNode, addons: [],
    custom: async (run) => {
      const strip = [['strip', '--strip-all', 'addon.node']];
      const addon = await build(run, 'plain', 'a', { flags: ['-O2'], strip });
      mkdirSync(run.path('b'));
      copyFileSync(addon, run.path('b/addon.node'));
      const [a, b] = [await printsOf(run, addon), await printsOf(run, run.path('b/addon.node'))];
      run.check(a && a === b && a !== wantedPrints('plain'), `${a}, elsewhere ${b}`);
      const again = await printsOf(run, await build(run, 'plain', 'c', { flags: ['-O2'], above: '// a line\n'.repeat(60), strip }));
      run.check(again === a, `rebuilt with comments above: ${again}, before ${a}`);
    },
  },
  {
    name: 'fingerprint-anywhere', issue: 5, addons: [leaking, other],
    custom: async (run) => {
      const wanted = [[leaking, 'keep_object'], [other, 'holder_new']].map(([addon, site]) => fingerprint('leaked-reference', `${addon}.node`, site));
      const runs = [
        [[leaking, other], ['run', 'b.run']], [[other, leaking], ['run', 'b.run']],
        [[leaking, other], ['worker[run]', 'b.run']], [[other, leaking], ['worker[run]', 'worker[b.run]']],
      ];
      for (const [addons, steps] of runs) {
        const { report } = await reported(run, run.drive(addons, steps));
        const seen = report?.findings.filter(isSerious).sort((x, y) => runs[0][0].indexOf(x.module.slice(0, -5)) - runs[0][0].indexOf(y.module.slice(0, -5))).map((f) => f.fingerprint);
        run.check(seen?.join() === wanted.join(), `${addons} ${steps}: ${seen}, wanted ${wanted}`);
      }
    },
  },

  // Files that are no such thing: one clear line, and 2.
  {
    name: 'acceptance-bad-files', ...onNode, addons: [leaking],
    custom: async (run) => {
      const record = run.path('kept.napicheck');
      await run.under(run.drive([leaking], ['run']), { record, keep_record: 1, write_baseline: run.path('good.json') });
      const good = readFileSync(run.path('good.json'), 'utf8');
      const [row] = JSON.parse(good).findings;
      const baseline = (...findings) => JSON.stringify({ schema: 'napicheck-baseline/1', findings });
      const files = {
        empty: '', cut: good.slice(0, 100), binary: Buffer.from([0, 159, 3, 0, 200, 10, 7]), object: '{}', later: good.replace('baseline/1', 'baseline/2'),
        number: baseline(1), nameless: baseline({ ...row, fingerprint: '' }), typed: baseline({ ...row, fingerprint: 5 }), negative: baseline({ ...row, count: -1 }),
        zero: baseline({ ...row, count: 0 }), words: baseline({ ...row, count: 'many' }), severity: baseline({ ...row, severity: 'bad' }), twice: baseline(row, row),
      };
      const oneLine = (what, answer) => run.check(answer.code === 2 && /^napicheck: [^\n]+\n$/.test(answer.err), `${what}: ${answer.code} ${answer.err}`);
      mkdirSync(run.path('folder'));
      for (const name of [...Object.keys(files), 'folder', 'nowhere']) {
        if (files[name] !== undefined) writeFileSync(run.path(name), files[name]);
        oneLine(`--baseline=${name}`, await run.napicheck('report', `--baseline=${run.path(name)}`, record));
        oneLine(`diff ${name}`, await run.napicheck('diff', run.path(name), record));
        oneLine(`suppress ${name}`, await run.napicheck('suppress', run.path(name)));
        if (name !== 'empty') oneLine(`--suppressions=${name}`, await run.napicheck('report', `--suppressions=${run.path(name)}`, record));
      }
      for (const path of [run.path('folder'), '/nonexistent/base.json', '/dev/full'])
        oneLine(`--write_baseline=${path}`, await run.napicheck('report', `--write_baseline=${path}`, record));
      // At a program's end the line is said once, and the verdict stands.
      for (const options of [{ baseline: run.path('twice') }, { suppressions: run.path('binary') }]) {
        const watched = await run.under(run.drive([leaking], ['worker[run]']), options);
        const complaints = watched.err.split('\n').filter((l) => /^napicheck: \S+\/(twice|binary)\b/.test(l));
        run.check(watched.code === 23 && complaints.length === 1, `${JSON.stringify(options)}: ${watched.code} ${watched.err}`);
      }
    },
  },
];
