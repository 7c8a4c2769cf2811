// every-thread.cjs ADDON FUNCTION NAME...: has FUNCTION of the addon call each of the names on another thread. Says each one before it is called.
'use strict';
const { writeSync } = require('fs');
const [, , path, how, ...names] = process.argv;
const addon = require(path);
for (const name of names) {
  writeSync(1, `${name} `);
  writeSync(1, `${addon[how](name)}\n`);
}
