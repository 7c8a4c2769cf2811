// drive.cjs ADDON[,ADDON...] STEP...: runs the steps of one case, prints what they return, ends as asked.
//
// Addons are called a, b, c ... in the order given; a step without a letter means a. A step is one of
//   run            call a.run()                      run*10      ten times
//   b.use($x)      call with a kept value, a JSON literal, fn (a function), thrower (one that throws),
//                  or b.take (a function that calls b.take)
//   x=make         keep what make() returns as $x    drop=x      forget it
//   try:run        print the exception instead of ending by it
//   await:run      wait for the promise that run() returns (or that run(callback) settles)
//   until:done     call it every 5 ms until it returns something other than -1
//   onexit:run     call it in process.on('exit')
//   later:run      call it from a timer, on its own
//   gc             collect, and let finalizers run   turn        one turn of the event loop
//   sleep=50       wait that many milliseconds       print=TEXT
//   exit=3         process.exit(3)                   code=3      process.exitCode = 3
//   throw=TEXT     an uncaught exception             reject=TEXT an unhandled rejection
//   processAbort   process.abort()                   kill=SIG    a signal to this process
//   catch          print uncaught exceptions and go on
//   reload         load addon a once more, with an env of its own
//   worker[a;b]    run steps in a worker and wait    workers*3[a;b]   three at a time
//   background[a]  start a worker and go on          join        wait for it
//   terminate[a]   run steps in a worker that then stays; terminate it
//   child[a;b]     run steps in a child process and print its exit code
// Node 12 runs this: no newer syntax, and no names of modules with node: in front.
'use strict';
const { Worker, isMainThread, workerData } = require('worker_threads');
const childProcess = require('child_process');

const isBun = typeof Bun !== 'undefined';
const [paths, steps] = isMainThread
  ? [process.argv[2].split(',').filter(Boolean), process.argv.slice(3)]
  : [workerData.paths, workerData.steps];

// Reached from the global object: nothing else leads here any more when the last step is done, and a collection may come.
const kept = (globalThis.kept = new Map());
let background;
const addons = paths.map((path) => require(path));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Finalizers run in a turn of the event loop after the collection, so a collection alone shows nothing.
async function collect() {
  const gc = isBun ? () => Bun.gc(true) : globalThis.gc;
  if (!gc) throw new Error('the collector is not exposed');
  for (let i = 0; i < 4; i++) {
    gc();
    await turn();
    await sleep(5);
  }
}

function parseArgument(text) {
  if (text === undefined || text === '') return [];
  if (text.startsWith('$')) return [kept.get(text.slice(1))];
  if (text === 'fn') return [(...argv) => argv.length];
  if (text === 'thrower') return [() => { throw new Error('from a callback'); }];
  const forward = /^([a-c])\.(\w+)$/.exec(text);
  if (forward) return [(...argv) => addons['abc'.indexOf(forward[1])][forward[2]](...argv)];
  return [JSON.parse(text)];
}

// One call of an addon's function: [letter.]name[(argument)][*times]
function call(text, ...extra) {
  const match = /^(?:([a-c])\.)?([A-Za-z]\w*)(?:\((.*)\))?(?:\*(\d+))?$/.exec(text);
  if (!match) throw new Error(`no such step: ${text}`);
  const [, letter = 'a', name, argument, times = '1'] = match;
  const addon = addons['abc'.indexOf(letter)];
  if (!addon || typeof addon[name] !== 'function') throw new Error(`no such function: ${text}`);
  const argv = [...parseArgument(argument), ...extra];
  let result;
  for (let i = 0; i < Number(times); i++) result = addon[name](...argv);
  return result;
}

function print(step, value) {
  if (value === undefined || typeof value === 'bigint') return;
  const text = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value);
  console.log(`${step} -> ${text}`);
}

function runWorker(inner, terminate) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { paths, steps: inner } });
    worker.on('error', reject);
    worker.on('message', (text) => {
      if (text === 'ready' && terminate) worker.terminate();
      else if (text !== 'ready') console.log(text);
    });
    worker.on('exit', (code) => resolve(code));
  });
}

function runChild(inner) {
  return new Promise((resolve) => {
    const child = childProcess.spawn(process.execPath, [...process.execArgv, __filename, paths.join(','), ...inner],
      { stdio: 'inherit' });
    child.on('exit', (code, signal) => resolve(signal || code));
  });
}

async function runStep(step) {
  let match;
  if (step === 'gc') return collect();
  if (step === 'turn') return turn();
  if (step === 'catch') return void process.on('uncaughtException', (error) => console.log(`caught ${error.message}`));
  if (step === 'processAbort') return process.abort();
  if (step === 'reload') {
    delete require.cache[require.resolve(paths[0])];
    addons[0] = require(paths[0]);
    return undefined;
  }
  if ((match = /^(sleep|print|exit|code|throw|reject|kill|drop)=(.*)$/.exec(step))) {
    const [, verb, value] = match;
    if (verb === 'sleep') return sleep(Number(value));
    if (verb === 'print') return console.log(value);
    if (verb === 'exit') return process.exit(Number(value));
    if (verb === 'code') return void (process.exitCode = Number(value));
    if (verb === 'drop') return void kept.delete(value);
    // From a timer, so that it is nobody's rejected promise.
    if (verb === 'throw') setImmediate(() => { throw new Error(value); });
    if (verb === 'reject') Promise.reject(new Error(value));
    if (verb === 'kill') process.kill(process.pid, value);
    return sleep(1000);
  }
  if (step === 'join') return print('worker', await background);
  if ((match = /^background\[(.*)\]$/.exec(step))) {
    background = runWorker(match[1].split(';').filter(Boolean), false);
    return undefined;
  }
  if ((match = /^(worker|terminate|child)\[(.*)\]$/.exec(step))) {
    const inner = match[2].split(';').filter(Boolean);
    if (match[1] === 'worker') return print('worker', await runWorker(inner, false));
    if (match[1] === 'child') return print('child', await runChild(inner));
    return void (await runWorker([...inner, 'stay'], true));
  }
  if ((match = /^workers\*(\d+)\[(.*)\]$/.exec(step))) {
    const inner = match[2].split(';').filter(Boolean);
    const codes = await Promise.all(Array.from({ length: Number(match[1]) }, () => runWorker(inner, false)));
    return print('workers', codes.join(' '));
  }
  if (step === 'stay') {
    require('worker_threads').parentPort.postMessage('ready');
    return new Promise((resolve) => setTimeout(resolve, 60000));
  }
  if ((match = /^(try|await|until|onexit|later):(.*)$/.exec(step))) {
    const [, how, text] = match;
    if (how === 'try') {
      try {
        if (text.startsWith('await:')) print(text, await call(text.slice(6)));
        else print(text, call(text));
      } catch (error) {
        console.log(`${text} threw ${error instanceof Error ? error.message : error}`);
      }
    } else if (how === 'await') {
      let result;
      const settled = new Promise((resolve) => { result = call(text, resolve); });
      print(text, await (result && typeof result.then === 'function' ? result : settled));
    } else if (how === 'until') {
      let result;
      while ((result = call(text)) === -1) await sleep(5);
      print(text, result);
    } else if (how === 'onexit') {
      process.on('exit', () => print(text, call(text)));
    } else {
      setTimeout(() => print(text, call(text)), 1);
    }
    return undefined;
  }
  if ((match = /^([a-z])=(.*)$/.exec(step))) return void kept.set(match[1], call(match[2]));
  return print(step, call(step));
}

(async () => {
  for (const step of steps) await runStep(step);
  if (isMainThread) console.log('end of drive');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
