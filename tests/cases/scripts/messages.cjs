// messages.cjs ADDON: a forked child with an IPC channel, both sides using the addon.
'use strict';
const { fork } = require('child_process');
const addon = require(process.argv[2]);
addon.run();

if (process.send) {
  process.on('message', (n) => {
    addon.run();
    process.send(n * 2);
    if (n === 3) process.disconnect();
  });
} else {
  const child = fork(__filename, [process.argv[2]]);
  child.on('message', (n) => console.log('answer', n));
  child.on('exit', (code) => console.log('child', code));
  for (let n = 1; n <= 3; n++) child.send(n);
}
