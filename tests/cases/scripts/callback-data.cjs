// callback-data.cjs ADDON: has every sort of callback called; the addon prints what each got.
'use strict';
const addon = require(process.argv[2]);

const given = addon.giveFunctions();
given.function();
const instance = new given.Class();
instance.method();
given.Class.staticMethod();
instance.accessor = instance.accessor;
given.ownMethod();
given.ownAccessor = given.ownAccessor;
addon.run(() => {});
(async () => {
  for (let i = 0; i < 6; i++) {
    if (globalThis.gc) globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
})();
