// jest.js: every test of Jest is checked: setupFilesAfterEnv: ['napicheck/jest']
'use strict';
/* global afterEach, beforeEach */
const { before, after } = require('./index.js').hooks();
beforeEach(before);
afterEach(after);
