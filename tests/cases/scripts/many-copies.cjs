// many-copies.cjs ADDON TIMES FOLDER: the same addon under many names, each a module with an env of its own.
'use strict';
const fs = require('fs');
const path = require('path');
const [original, times, folder] = process.argv.slice(2);
for (let i = 0; i < Number(times); i++) {
  const copy = path.join(folder, `copy-${i}.node`);
  fs.copyFileSync(original, copy);
  require(copy).run();
}
console.log('loaded', times);
