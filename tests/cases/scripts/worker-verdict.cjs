// worker-verdict.cjs ADDON TIMES MODE: workers that call run() TIMES times each, and what stderr holds when each has
// ended. MODE is natural, exit (process.exit in the worker), terminate, or together (three at once).
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { writeSync } = require('fs');

if (isMainThread) {
  const [path, times, mode] = process.argv.slice(2);
  require(path); // stays mapped, whatever workers do
  const end = () => new Promise((resolve) => {
    const worker = new Worker(__filename, { workerData: { path, times: Number(times), mode } });
    worker.on('message', () => worker.terminate());
    worker.on('exit', resolve);
  });
  (async () => {
    await (mode === 'together' ? Promise.all([end(), end(), end()]) : end());
    writeSync(2, 'the first has ended\n');
    await end();
    writeSync(2, 'the second has ended\n');
    console.log('end of workers');
  })();
} else {
  const addon = require(workerData.path);
  for (let i = 0; i < workerData.times; i++) addon.run();
  if (workerData.mode === 'terminate') {
    setTimeout(() => {}, 60000);
    parentPort.postMessage('ready');
  } else if (workerData.mode === 'exit') {
    process.exit(0);
  }
}
