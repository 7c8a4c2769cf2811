// load-copies.cjs ADDON N FOLDER: N copies of an addon, one loaded every 10 ms, and nothing else; then collections.
'use strict';
const fs = require('fs');
const path = require('path');
const [addon, n, folder] = process.argv.slice(2);
const tick = () => new Promise((resolve) => setTimeout(resolve, 10));
(async () => {
  for (let i = 0; i < Number(n); i++) {
    const copy = path.join(folder, `copy-${i}.node`);
    fs.copyFileSync(addon, copy);
    require(copy);
    if (i % 10 === 9) globalThis.gc();
    await tick();
  }
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await tick();
  }
  console.log('loaded', n);
})();
