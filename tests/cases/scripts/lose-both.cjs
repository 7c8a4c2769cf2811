// lose-both.cjs ADDON...: five calls of put and three of watch, of the last addon; the others are only loaded.
'use strict';
const addon = process.argv.slice(2).map((path) => require(path)).pop();
const cache = addon.Cache ? new addon.Cache() : addon;
for (let i = 0; i < 5; i++) cache.put({});
for (let i = 0; i < 3; i++) cache.watch({});
console.log('done');
