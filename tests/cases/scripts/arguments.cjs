// arguments.cjs ADDON WHAT: calls an addon with what a step of drive.cjs cannot say, in this thread and in two workers.
'use strict';
const { Worker, isMainThread, workerData } = require('worker_threads');

const [path, what] = isMainThread ? process.argv.slice(2) : workerData;
const addon = require(path);

const calls = {
  // Numbers of every kind, and what is none; often, as the first few are still looked at.
  numbers() {
    const others = [undefined, null, true, 'text', {}, [], () => 1, Symbol('s'), 12345678901234567890n, /x/];
    const numbers = [0, 1, -1, 7, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 32, -0, 0.5, -1.5, 1e15, 2 ** 53];
    let n = 0;
    for (let i = 0; i < 100; i++) for (const number of numbers) if (addon.check(number, others[n++ % others.length]) === number) continue; else throw new Error(`${number}`);
    return `${n}, ${addon.refused()} refused`;
  },
  // More callbacks in one another than the tool keeps at hand, twice.
  nested: () => [20, 300, 700, 300].map((depth) => addon.nest(depth, addon.nest)).join(),
  boom: () => addon.run({ get boom() { throw new Error('from a getter'); } }),
};

console.log(what, calls[what]());
if (isMainThread && what !== 'boom') for (let i = 0; i < 2; i++) new Worker(__filename, { workerData: [path, what] });
