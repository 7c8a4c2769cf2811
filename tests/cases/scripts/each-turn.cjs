// each-turn.cjs ADDON TICKS CALLS [idle]: CALLS calls every 10 ms, TICKS times; then as many ticks of other work.
//
// "idle" is the number of ticks after the last call, in which the addon is used and nothing new is made.
'use strict';
const addon = require(process.argv[2]);
const [ticks, calls, idle = 0] = process.argv.slice(3).map(Number);
const tick = () => new Promise((resolve) => setTimeout(resolve, 10));
(async () => {
  for (let i = 0; i < ticks; i++) {
    for (let k = 0; k < calls; k++) addon.run();
    await tick();
  }
  for (let i = 0; i < idle; i++) {
    if (globalThis.gc && i % 10 === 0) globalThis.gc();
    await tick();
  }
  console.log('done', ticks * calls);
})();
