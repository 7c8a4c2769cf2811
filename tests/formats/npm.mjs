// npm.mjs: the package npm/ as a test suite uses it: checkpoints, assertNoLeaks, hooks of node:test and Mocha. (Those of
// Jest and Vitest are too large to be kept here; they are the same few lines.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { addons, at, environment, library, modules, project, runTests, tool } from './tools.mjs';

mkdirSync(at('node_modules'));
symlinkSync(join(project, 'npm'), at('node_modules/napicheck'));
const addon = JSON.stringify(join(addons, 'napicheck-api.node'));
const node = (args, { bare = false } = {}) => {
  const command = bare ? [process.execPath, ...args] : [tool, 'run', `--format=json=${at('out.json')}`, '--', process.execPath, ...args];
  return spawnSync(command[0], command.slice(1), { cwd: at(), encoding: 'utf8', timeout: 120000, env: environment });
};
const program = (name, text) => {
  writeFileSync(at(name), `const a = require(${addon}), napicheck = require('napicheck'); ${text}`);
  return at(name);
};

await runTests({
  'without napicheck everything does nothing'() {
    const path = program('absent.cjs', `let n = 0; napicheck.assertNoLeaks(() => { n++; a.lose(); }).then((result) => console.log(napicheck.active, napicheck.checkpoint('x'), napicheck.leakCheck(0), n, JSON.stringify(result)))`);
    assert.equal(node([path], { bare: true }).stdout, 'false 0 0 1 {"checked":false,"found":0,"live":0}\n');
  },
  'assertNoLeaks'() {
    const path = program('assert.cjs', `
      const say = (promise) => promise.then((result) => console.log('passes', result.checked, result.found, result.live), (error) => console.log(error.name, error.code, error.message));
      (async () => {
        console.log(napicheck.active);
        await say(napicheck.assertNoLeaks(() => { a.hold(1); a.letGo(1); }, { label: 'in order' }));
        await say(napicheck.assertNoLeaks(async function loses() { a.lose(); }, { warmup: 1, rounds: 3 }));
        let slot = 2;
        await say(napicheck.assertNoLeaks(function holds() { a.hold(slot++); }));
        let once = false;
        await say(napicheck.assertNoLeaks(() => { if (!once) a.hold(60); once = true; }, { label: 'a cache that is filled once' }));
        await say(napicheck.assertNoLeaks(() => { throw new Error('its own'); }));
        napicheck.disable();
        await say(napicheck.assertNoLeaks(() => a.lose(), { rounds: 1 }));
        napicheck.enable();
      })();`);
    const result = node([path]);
    assert.deepEqual(result.stdout.trimEnd().split('\n'), [
      'true', 'passes true 0 0',
      'LeakError ERR_NAPICHECK_LEAK loses: napicheck has 1 finding after 3 rounds; stderr says which',
      'LeakError ERR_NAPICHECK_LEAK holds: 10 rounds have left 10 references that the addon still holds: 1 a round',
      'passes true 0 0', 'Error undefined its own', 'passes true 0 0'], result.stderr);
    assert.match(result.stderr, /leaked-reference: 3 strong references .* \(since checkpoint 2 loses\)/);
    assert.equal(result.status, 23);
  },
  'made-up timers of a test'() {
    const result = node([program('fake.cjs', `const { assertNoLeaks, hooks } = require('napicheck'); const { before, after } = hooks(); before();
      globalThis.setImmediate = require('timers').setImmediate = () => {};
      (async () => { const r = await assertNoLeaks(() => { a.hold(1); a.letGo(1); }); await after(); console.log(r.checked, r.live); })();`)]);
    assert.equal(result.stdout, 'true 0\n', result.stderr);
  },
  'hooks'() {
    const text = `const assert = require('assert'); it('good', () => { assert(napicheck.active); a.hold(1); a.letGo(1); }); it('bad', () => a.lose());`;
    const tested = node(['--require', 'napicheck/node-test', '--test-reporter=tap', program('tested.cjs', `const { it } = require('node:test'); ${text}`)]);
    assert.match(tested.stdout, /^ok 1 - good$/m);
    assert.match(tested.stdout, /^not ok 2 - bad$[^]*napicheck has 1 finding of this test/m);
    const mocha = node([join(modules, 'mocha/bin/mocha.js'), '--timeout', '60000', '--require', join(project, 'npm/mocha.js'), program('mocha.cjs', text)]);
    assert.match(mocha.stdout, /good[^]*LeakError: napicheck has 1 finding of this test/, mocha.stderr);
    assert.notEqual(mocha.status, 0);
  },
  'what the package names is there'() {
    const about = JSON.parse(readFileSync(join(project, 'npm/package.json'), 'utf8'));
    assert.equal(about.version, /project\(napicheck VERSION ([\d.]+)/.exec(readFileSync(join(project, 'CMakeLists.txt'), 'utf8'))[1]);
    const require = createRequire(at('x.cjs'));
    const types = readFileSync(join(project, 'npm/index.d.ts'), 'utf8');
    for (const name of Object.keys(require('napicheck'))) assert.match(types, new RegExp(`export (const|function|class) ${name}\\b`), name);
    for (const [name, file] of Object.entries(about.exports)) readFileSync(join(project, 'npm', typeof file === 'string' ? file : file.default));
  },
});
