// listeners.cjs ADDON: twelve listeners that the addon keeps.
'use strict';
const addon = require(process.argv[2]);
for (let i = 0; i < 12; i++) addon.add(() => i);
console.log('added');
