// exit-inside-call.cjs ADDON: the program ends while the addon's frame is on the stack.
'use strict';
require(process.argv[2]).call(() => {
  console.log('leaving');
  process.exit(0);
});
