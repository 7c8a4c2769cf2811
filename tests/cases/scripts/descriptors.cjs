// descriptors.cjs ADDON: the lowest free descriptors of the program, and what a child inherits.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
require(process.argv[2]).run();
const opened = Array.from({ length: 4 }, () => fs.openSync('/dev/null', 'r'));
console.log('free', opened.join(' '));
console.log('inherited', execFileSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8' }).trim().split('\n').join(' '));
