// report-self.cjs TOOL ADDON: a program that works and waits; meanwhile the tool reports on it. Ends by SIGKILL.
'use strict';
const { spawn } = require('child_process');

const [tool, path] = process.argv.slice(2);
require(path).run();
const env = { ...process.env };
delete env.LD_PRELOAD;
setTimeout(() => {
  const child = spawn(tool, ['report', String(process.pid)], { env, stdio: 'inherit' });
  child.on('exit', () => process.kill(process.pid, 'SIGKILL'));
}, 20);
