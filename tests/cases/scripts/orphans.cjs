// orphans.cjs ADDON HOW: externals without a finalizer whose memory is somebody's; see ok__external-without-finalizer__lost.
'use strict';
const addon = require(process.argv[2]);
const how = process.argv[3];
const EACH = 400, ROUNDS = 5;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const numbers = (globalThis.numbers = []); // what lives to the end
let values = [];

function work() {
  if (how === 'at-once') for (let i = 0; i < EACH; i++) addon.drop(addon.make());
  else if (how === 'each-round') {
    for (let i = 0; i < EACH; i++) values.push(i % 2 ? addon.makeLarge() : addon.make());
    for (const value of values) addon.drop(value);
    values = [];
  } else if (how === 'at-end') for (let i = 0; i < EACH; i++) addon.middle();
  else if (how === 'alive') for (let i = 0; i < EACH; i++) numbers.push(i % 2 ? addon.makeLarge() : addon.makeBuffer());
  else if (how === 'number') for (let i = 0; i < EACH; i++) numbers.push(addon.address() + 0.5);
  else for (let i = 0; i < EACH; i++) addon[how]();
}

// Values that are gone leave their pointers in the runtime's heap until something else stands there.
function fillHeap() {
  let kept = [];
  for (let i = 0; i < 200000; i++) {
    kept.push([i, i, i, i]);
    if (kept.length > 20000) kept = [];
  }
  return kept.length;
}

(async () => {
  for (let round = 0; round < ROUNDS; round++) {
    work();
    globalThis.gc();
    await turn();
    fillHeap();
    globalThis.gc();
    await turn();
  }
  if (how === 'at-end') addon.release();
  console.log('done', numbers.length);
})();
