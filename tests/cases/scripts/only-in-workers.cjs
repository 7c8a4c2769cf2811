// only-in-workers.cjs ADDON TIMES FUNCTION: workers load the addon one after the other; the main thread never does.
'use strict';
const { Worker, isMainThread, workerData } = require('worker_threads');

if (!isMainThread) {
  require(workerData.path)[workerData.name]();
} else {
  const [path, times, name] = process.argv.slice(2);
  (async () => {
    for (let i = 0; i < Number(times); i++) {
      const worker = new Worker(__filename, { workerData: { path, name } });
      console.log('worker', i, await new Promise((resolve) => worker.on('exit', resolve)));
    }
  })();
}
