// each-turn.cjs ADDON TIMES [then-idle]: one call in each turn of the event loop; then as many turns of doing nothing.
'use strict';
const addon = require(process.argv[2]);
const times = Number(process.argv[3]);
const turn = () => new Promise((resolve) => setImmediate(resolve));
(async () => {
  for (let i = 0; i < times; i++) {
    addon.run();
    await turn();
  }
  if (process.argv[4] === 'then-idle') {
    for (let i = 0; i < times * 10; i++) await turn();
  }
  console.log('done', times);
})();
