// cycle.cjs ADDON: objects with listeners that close over them, made and dropped turn by turn.
'use strict';
const addon = require(process.argv[2]);
const collect = typeof Bun !== 'undefined' ? () => Bun.gc(true) : globalThis.gc;
const turn = () => new Promise((resolve) => setImmediate(resolve));
(async () => {
  for (let i = 0; i < 2000; i++) {
    const stream = { n: i };
    addon.listen(stream, () => stream.n);
    if (i % 50 === 49) {
      collect();
      await turn();
    }
  }
  console.log('made');
})();
