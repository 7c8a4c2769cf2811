// no-addon.cjs CODE: files, timers, a worker and a child, and no addon anywhere.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const { Worker } = require('worker_threads');
console.log(execFileSync('/bin/echo', ['child'], { encoding: 'utf8' }).trim(), fs.readFileSync(__filename).length);
console.error('to stderr');
new Worker('console.log("in a worker")', { eval: true }).on('exit', (code) => {
  console.log('worker', code);
  setTimeout(() => process.exit(Number(process.argv[2])), 5);
});
