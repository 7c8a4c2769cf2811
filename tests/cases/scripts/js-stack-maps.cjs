// js-stack-maps.cjs ADDON FOLDER: run with --enable-source-maps; stacks of the program's own are mapped, before and after
// the addon is misused, and no stack of ours asks for the map or for Error.prepareStackTrace.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const [, , addonPath, folder] = process.argv;

// Line 4 of generated.cjs is line 2 of original.ts, line 5 is line 3.
const mappings = ';;;AACA;AACA';
const map = Buffer.from(JSON.stringify({ version: 3, sources: ['original.ts'], sourcesContent: ['\n\n\n'], names: [], mappings })).toString('base64');
const file = path.join(folder, 'generated.cjs');
fs.writeFileSync(file, [
  "'use strict';", 'exports.fail = () => { throw new Error("mapped"); };', 'exports.run = (addon) => {', 'addon.run();', 'throw new Error("mapped");', '};',
  `//# sourceMappingURL=data:application/json;base64,${map}`, ''].join('\n'));

let asked = 0;
const { findSourceMap } = require('node:module');
const generated = require(file);
const addon = require(addonPath);
for (let i = 0; i < 2; i++) {
  try {
    generated.run(addon);
  } catch (error) {
    console.log(error.stack.split('\n').slice(0, 2).map((line) => line.replace(folder, '')).join(' | '));
  }
}
console.log(findSourceMap(file)?.findEntry(3, 0)?.originalSource);
Error.prepareStackTrace = (error) => `asked ${++asked} times for ${error.message}`;
try {
  generated.run(addon);
} catch (error) {
  console.log(error.stack, asked);
}
