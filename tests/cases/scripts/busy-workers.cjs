// busy-workers.cjs ADDON: the process ends in the middle of what its workers do.
'use strict';
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');

if (!isMainThread) {
  const addon = require(workerData);
  parentPort.postMessage('busy');
  for (;;) addon.run();
} else {
  let busy = 0;
  for (let i = 0; i < 3; i++) {
    new Worker(__filename, { workerData: process.argv[2] }).on('message', () => {
      if (++busy === 3) setTimeout(() => {
        console.log('leaving');
        process.exit(0);
      }, 50);
    });
  }
}
