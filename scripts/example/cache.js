// cache.js ADDON: fills ten slots of the demo's cache a hundred times over. 1000 references are made, 10
// are cut out again in order, 10 stand in the cache at the end: 980 are lost.
'use strict';
const cache = require(require('node:path').resolve(process.argv[2]));

for (let round = 0; round < 99; round++)
  for (let slot = 0; slot < 10; slot++) cache.put(slot, { round, slot });
for (let slot = 0; slot < 10; slot++) cache.cut(slot);
for (let slot = 0; slot < 10; slot++) cache.put(slot, { round: 99, slot });
console.log('cache: slot 3 holds', cache.get(3));
