// mocha.js: every test of Mocha is checked: mocha --require napicheck/mocha
'use strict';
const { before, after } = require('./index.js').hooks();
exports.mochaHooks = { beforeEach: () => before(), afterEach: () => after() };
