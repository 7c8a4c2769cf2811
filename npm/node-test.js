// node-test.js: every test of node:test is checked: node --require napicheck/node-test --test
'use strict';
const { afterEach, beforeEach } = require('node:test');
const { before, after } = require('./index.js').hooks();
beforeEach(before);
afterEach(after);
