// terminal.mjs: `napicheck top` and Ctrl-C under `napicheck run`, in a terminal: tmux.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addons, at, environment, library, project, readJson, runTests, scratch, skip, tool } from './tools.mjs';

if (spawnSync('tmux', ['-V']).error) skip('no tmux here (apt-get install tmux)');
const tmux = (...args) => spawnSync('tmux', ['-S', at('tmux'), ...args], { encoding: 'utf8', env: { ...environment, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' } });
const screen = () => tmux('capture-pane', '-p', '-t', 's').stdout;
const keys = (...names) => tmux('send-keys', '-t', 's', ...names);
async function until(what, holds) {
  for (let i = 0; i < 200; i++) {
    const text = screen();
    if (holds(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what}:\n${screen()}`);
}
process.on('exit', () => tmux('kill-server'));

const row = (text, name) => text.split('\n').find((line) => line.includes(name))?.trim().split(/\s+/);

await runTests({
  async 'top'() {
    const local = join(addons, 'leaked-reference__local.node'), deep = join(addons, 'leaked-reference__deep.node');
    writeFileSync(at('grow.cjs'), `const a = require(${JSON.stringify(local)}), b = require(${JSON.stringify(deep)}); for (let i = 0; i < 5000; i++) b.run({}); setInterval(() => { for (let i = 0; i < 20; i++) a.run({}); }, 50); console.log('ready')`);
    const child = spawn(process.execPath, [at('grow.cjs')], { env: { ...environment, LD_PRELOAD: library, NAPICHECK_OPTIONS: `record=${scratch}` }, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const started = tmux('new-session', '-d', '-s', 's', '-x', '140', '-y', '20', '-c', scratch, `${tool} top --interval=0.3 ${child.pid}`);
      assert.equal(started.status, 0, started.stderr);
      await until('both sites', (text) => text.includes('keep_object at') && text.includes('descend at'));
      // By live counts the five thousand come first, by growth the others.
      const order = (text) => text.indexOf('keep_object at') - text.indexOf('descend at');
      assert.ok(order(screen()) > 0, screen());
      keys('s');
      const grows = await until('by growth', (text) => text.includes('2 sites by growth') && order(text) < 0 && Number(row(text, 'keep_object')[1]) > 20);
      assert.equal(row(grows, 'descend')[1], '0');
      keys('m');
      await until('since the mark', (text) => Number(row(text, 'keep_object')[2]) > 20 && row(text, 'descend')[2] === '+0');
      keys('/', 'd', 'e', 'e', 'p', 'Enter');
      await until('the filter', (text) => text.includes('1 site by growth') && text.includes('filter: deep') && !text.includes('keep_object'));
      keys('Enter');
      await until('the stack', (text) => text.includes('made by napi_create_reference:') && /\* #1 +descend at leaked-reference__deep\.c/.test(text));
      keys('w');
      await until('the snapshot', (text) => text.includes('wrote napicheck-top-'));
      const snapshot = readJson(at(readdirSync(scratch).find((name) => name.startsWith('napicheck-top-'))));
      assert.deepEqual([snapshot.schema, snapshot.pid, snapshot.sites.length, snapshot.sites[0].live], ['napicheck-top/1', child.pid, 1, 5000]);
      // A small window, and a large one.
      tmux('resize-window', '-t', 's', '-x', '40', '-y', '8');
      await until('a small window', (text) => text.includes('napicheck top: pid'));
      tmux('resize-window', '-t', 's', '-x', '140', '-y', '20');
      assert.equal(child.exitCode, null, 'the program goes on');
      child.kill('SIGKILL');
      await until('the end', (text) => text.includes(', ended:'));
      keys('q');
      for (let i = 0; i < 50 && tmux('has-session', '-t', 's').status === 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
      assert.notEqual(tmux('has-session', '-t', 's').status, 0, 'q ends it');
    } finally {
      child.kill('SIGKILL');
    }
  },
  async 'run: the terminal stays one, Ctrl-C still reports'() {
    writeFileSync(at('wait.cjs'), `const a = require(${JSON.stringify(join(addons, 'leaked-reference__local.node'))}); for (let i = 0; i < 10; i++) a.run({}); console.log('terminal', process.stdin.isTTY && process.stdout.isTTY, process.stdout.columns); setInterval(() => {}, 1000)`);
    tmux('new-session', '-d', '-s', 's', '-x', '120', '-y', '40', '-c', scratch, `${tool} run --format=text=${at('out.txt')},json=${at('out.json')} -- ${process.execPath} ${at('wait.cjs')}; echo "status $?"; sleep 60`);
    await until('the program', (text) => text.includes('terminal true 120'));
    assert.ok(!existsSync(at('out.json')));
    keys('C-c');
    await until('its end', (text) => text.includes('status 130'));
    const [process_] = readJson(at('out.json')).processes;
    assert.deepEqual([process_.end.how, process_.end.code], ['signal', 2]);
    tmux('kill-session', '-t', 's');
  },
  async 'run: Ctrl-Z stops the program and its launcher, fg goes on'() {
    writeFileSync(at('wait.cjs'), `const a = require(${JSON.stringify(join(addons, 'leaked-reference__local.node'))}); a.run({}); let n = 0; setInterval(() => console.log('alive', ++n), 200); process.on('SIGCONT', () => console.log('continued')); process.stdin.on('data', (text) => { console.log('read', String(text).trim()); process.exit(0); })`);
    tmux('new-session', '-d', '-s', 's', '-x', '120', '-y', '40', '-c', scratch, 'bash --norc --noprofile');
    keys(`PS1='$ '; clear; ${tool} run --format=json=${at('stopped.json')} -- ${process.execPath} ${at('wait.cjs')}`, 'Enter');
    await until('the program', (text) => /^alive 2$/m.test(text));
    keys('C-z');
    await until('the shell has the terminal', (text) => /Stopped/.test(text));
    const stopped = screen();
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(screen(), stopped, 'a stopped program writes nothing');
    keys('clear; jobs', 'Enter');
    await until('one job', (text) => /^\[1\]\+ +Stopped/m.test(text));
    keys('fg', 'Enter');
    await until('it goes on', (text) => text.includes('continued') && /^alive \d+$/m.test(text));
    keys('hello', 'Enter');
    await until('it reads the terminal', (text) => text.includes('read hello'));
    keys('echo "status $?"', 'Enter');
    await until('its end', (text) => text.includes('status 23'));
    assert.equal(readJson(at('stopped.json')).summary.leak, 1);
    tmux('kill-session', '-t', 's');
  },
  async 'completion in bash and zsh'() {
    mkdirSync(at('bin'));
    symlinkSync(tool, at('bin/napicheck'));
    const shells = {
      bash: ['bash --norc --noprofile', `source ${join(project, 'reports/completion/napicheck.bash')}`],
      zsh: ['zsh -f', `fpath=(${join(project, 'reports/completion')} $fpath); autoload -Uz compinit; compinit -u -D`],
    };
    for (const [name, [start, load]] of Object.entries(shells)) {
      if (spawnSync(name, ['--version']).error) {
        console.log(`     ${name} is not here`);
        continue;
      }
      tmux('new-session', '-d', '-s', 's', '-x', '120', '-y', '40', '-c', scratch, start);
      keys(`PS1='$ '; PATH=${at('bin')}:$PATH; ${load}; clear`, 'Enter');
      await until(`${name} is there`, (text) => text.trimEnd() === '$');
      const completes = async (typed, wanted) => {
        keys(typed, 'Tab');
        await until(`${name}: ${typed}`, (text) => text.includes(wanted));
        keys('C-u');
        keys('clear', 'Enter');
        await until(`${name} is clear`, (text) => text.trimEnd() === '$');
      };
      await completes('napicheck expl', '$ napicheck explain');
      await completes('napicheck run --exit', '$ napicheck run --exitcode=');
      await completes('napicheck explain reference-double', '$ napicheck explain reference-double-delete');
      await completes('napicheck run -- clea', '$ napicheck run -- clear');
      tmux('kill-session', '-t', 's');
    }
  },
});
