// backlog.cjs ADDON sync|turns: 300 externals of a megabyte; in a loop without a turn, or with turns.
'use strict';
const addon = require(process.argv[2]);
const turn = () => new Promise((resolve) => setImmediate(resolve));
(async () => {
  for (let i = 0; i < 300; i++) {
    addon.run();
    if (i % 10 === 9) {
      globalThis.gc();
      if (process.argv[3] === 'turns') await turn();
    }
  }
  globalThis.gc();
  await turn();
  await turn();
  console.log('made');
})();
