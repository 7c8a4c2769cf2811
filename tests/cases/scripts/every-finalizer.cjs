// every-finalizer.cjs ADDON NAME: has a basic finalizer call that function, and ends before the env does.
'use strict';
const [, , path, name] = process.argv;
const addon = require(path);
const turn = () => new Promise((resolve) => setImmediate(resolve));

(async () => {
  if (!addon.prepare(name)) return console.log('absent');
  for (let i = 0; i < 20 && addon.answer() === -1; i++) {
    globalThis.gc();
    await turn();
  }
  console.log(`answered ${addon.answer()}`);
  // A hook of the function's own making would be called with nothing.
  process.reallyExit(0);
})();
