// change-folder.cjs ADDON: paths in the options are meant where the program started.
'use strict';
require(process.argv[2]).run();
process.chdir('/');
console.log(process.cwd());
