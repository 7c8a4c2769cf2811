// recipes.mjs: the recipes of docs/ci, their shell parts run with a real addon; what needs a service is read as far as
// it can be: the YAML by a parser, the scripts by the shell.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { addons, at, environment, project, readJson, runTests, tool } from './tools.mjs';

const yaml = createRequire(import.meta.url)('js-yaml');
const recipe = (name) => join(project, 'docs/ci', name);
const read = (name) => readFileSync(recipe(name), 'utf8');

mkdirSync(at('bin'));
symlinkSync(tool, at('bin/napicheck'));
const path = `${at('bin')}:${environment.PATH}`;

/** A project with an addon of that behaviour (none: it is never loaded), as a user has one. */
function makeProject(addon) {
  rmSync(at('app'), { recursive: true, force: true });
  mkdirSync(at('app'));
  copyFileSync(recipe('package.json'), at('app/package.json'));
  if (addon) copyFileSync(join(addons, `${addon}.node`), at('app/my_addon.node'));
  writeFileSync(at('app/test.js'), addon ? 'const a = require("./my_addon.node"); for (let i = 0; i < 9; i++) a.run({ i }); console.log("tests passed")' : 'console.log("tests passed")');
}
const shell = (script, env = {}) => spawnSync('bash', ['-e', '-c', script], { cwd: at('app'), encoding: 'utf8', timeout: 60000, env: { ...environment, PATH: path, ADDON: '*my_addon.node', ...env } });

/** The three ends that a job has to have. */
function judges(script, env) {
  for (const [addon, status] of [['leaked-reference__local', 23], ['ok__leaked-reference__local', 0], [null, 24]]) {
    makeProject(addon);
    const result = shell(script, env);
    assert.equal(result.status, status, `${addon}: ${result.stdout}${result.stderr}`);
    assert.match(result.stdout, /^tests passed$/m);
  }
  makeProject('leaked-reference__local');
  writeFileSync(at('app/test.js'), 'require("./my_addon.node").run({}); process.exit(5)');
  assert.notEqual(shell(script, env).status, 0, 'tests that fail');
  makeProject('leaked-reference__local');
  return shell(script, env);
}

await runTests({
  'the shell script'() {
    const result = judges(`${recipe('napicheck.sh')} npm test`);
    assert.match(result.stderr, /1\. leak leaked-reference \(lost\) x9/);
    for (const name of ['report.json', 'report.sarif', 'report.xml', 'report.html']) assert.ok(existsSync(at('app/napicheck-reports', name)), name);
    assert.equal(readJson(at('app/napicheck-reports/report.json')).summary.leak, 1);
    assert.doesNotMatch(result.stdout, /^::/m);
    const onGithub = shell(`${recipe('napicheck.sh')} npm test`, { GITHUB_ACTIONS: 'true' });
    assert.match(onGithub.stdout, /^::error .*leaked-reference/m);
  },
  'GitHub Actions'() {
    const workflow = yaml.load(read('github-actions.yml'));
    const { steps } = workflow.jobs.napicheck;
    for (const step of steps) assert.equal(Number('run' in step) + Number('uses' in step), 1, JSON.stringify(step));
    for (const { run } of steps.filter((step) => step.run)) assert.equal(spawnSync('bash', ['-n', '-c', run]).status, 0, run);
    assert.equal(workflow.permissions['security-events'], 'write');
    const step = steps.find((one) => one.name === 'Tests under napicheck');
    const result = judges(step.run);
    assert.match(result.stderr, /^::error .*leaked-reference/m);
    const upload = steps.find((one) => /upload-sarif/.test(one.uses ?? ''));
    assert.equal(upload.if, 'always()');
    assert.equal(readJson(at('app', upload.with.sarif_file)).version, '2.1.0');
  },
  'GitLab'() {
    const { napicheck: job } = yaml.load(read('gitlab-ci.yml'));
    const script = [...job.script].join('\n');
    judges(script);
    assert.ok(existsSync(at('app', job.artifacts.reports.junit)));
    assert.equal(job.artifacts.when, 'always');
    for (const line of job.before_script) assert.equal(spawnSync('bash', ['-n', '-c', line]).status, 0, line);
  },
  'npm scripts'() {
    judges('npm run --silent test:napicheck');
    makeProject('leaked-reference__local');
    assert.equal(shell('npm run --silent test:napicheck:baseline; napicheck run --baseline=napicheck.baseline -- npm test').status, 23, 'the baseline run itself says what it found');
    const later = shell('napicheck run --baseline=napicheck.baseline -- npm test');
    assert.equal(later.status, 0, later.stderr);
    assert.equal(shell('npm run --silent test:napicheck:report').status, 23);
    assert.ok(existsSync(at('app/napicheck.html')));
  },
  'what is named is there'() {
    for (const name of ['napicheck.sh', 'install.sh']) {
      assert.equal(spawnSync('sh', ['-n', recipe(name)]).status, 0, name);
      accessSync(recipe(name), constants.X_OK);
    }
    for (const [, script] of read('install.sh').matchAll(/^(scripts\/\S+)/gm)) assert.ok(existsSync(join(project, script)), script);
    for (const [, script] of read('Dockerfile').matchAll(/^RUN (docs\/\S+)/gm)) assert.ok(existsSync(join(project, script)), script);
    for (const [, file] of read('README.md').matchAll(/\]\(([^)]+)\)/g)) assert.ok(existsSync(recipe(file)), file);
  },
});
