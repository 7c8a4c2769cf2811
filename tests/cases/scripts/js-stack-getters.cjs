// js-stack-getters.cjs ADDON WAY: the program has put code of its own where the text of a stack is made. No stack of ours runs it.
'use strict';
const addon = require(process.argv[2]);

const ran = (what) => { console.log(`${what} ran`); throw new RangeError(what); };
const OwnError = Error;
const ways = {
  getter: () => Object.defineProperty(globalThis, 'Error', { configurable: true, get: () => ran('the getter of Error') }),
  proxy: () => { globalThis.Error = new Proxy(OwnError, { get: () => ran('the proxy') }); },
  other: () => { globalThis.Error = function Other() { ran('another Error'); }; },
  prepare: () => Object.defineProperty(OwnError, 'prepareStackTrace', { configurable: true, get: () => ran('the getter of prepareStackTrace') }),
};
ways[process.argv[3]]();
for (let i = 0; i < 3; i++) addon.run();
Object.defineProperty(globalThis, 'Error', { configurable: true, writable: true, value: OwnError });
Object.defineProperty(OwnError, 'prepareStackTrace', { configurable: true, writable: true, value: undefined });
console.log('end');
