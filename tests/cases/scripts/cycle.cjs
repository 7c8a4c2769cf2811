// cycle.cjs ADDON: objects with listeners that close over them, twenty made and dropped every 10 ms for 1.5 s.
'use strict';
const addon = require(process.argv[2]);
const collect = typeof Bun !== 'undefined' ? () => Bun.gc(true) : globalThis.gc;
const tick = () => new Promise((resolve) => setTimeout(resolve, 10));
(async () => {
  for (let i = 0; i < 150; i++) {
    for (let k = 0; k < 20; k++) {
      const stream = { n: i };
      addon.listen(stream, () => stream.n);
    }
    if (i % 5 === 0) collect();
    await tick();
  }
  console.log('made');
})();
