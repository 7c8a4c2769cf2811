// js-stack.cjs ADDON: the program has its own idea of stack traces, which must be neither used nor disturbed.
'use strict';
const addon = require(process.argv[2]);

const prepared = [];
Error.stackTraceLimit = 3;
Error.prepareStackTrace = (error, frames) => {
  prepared.push(error.message);
  return `prepared ${error.message} ${frames.length}`;
};

// Lines of these calls stand in the table.

function inner() {
  addon.run();
}
function outer() {
  inner();
}
outer();

console.log(new Error('own').stack, prepared.join());
console.log(Error.stackTraceLimit, typeof Error.prepareStackTrace);
