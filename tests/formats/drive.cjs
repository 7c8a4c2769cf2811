// drive.cjs: calls every function of an addon fifty times.
const addon = require(process.argv[2]);
for (const name of Object.keys(addon)) for (let i = 0; i < 50; i++) addon[name]({ i });
