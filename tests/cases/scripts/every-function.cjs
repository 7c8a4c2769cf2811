// every-function.cjs ADDON NAME...: calls each function with the env of a worker that has ended.
'use strict';
const { Worker } = require('worker_threads');
const [, , path, ...names] = process.argv;
const addon = require(path);

const worker = new Worker(`require(${JSON.stringify(path)}).keepEnv()`, { eval: true });
worker.on('exit', () => {
  for (const name of names) console.log(name, addon.call(name));
});
