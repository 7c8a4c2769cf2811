// vitest.mjs: every test of Vitest is checked: test: { setupFiles: ['napicheck/vitest'] }
import { afterEach, beforeEach } from 'vitest';
import napicheck from './index.js';

const { before, after } = napicheck.hooks();
beforeEach(() => before());
afterEach(() => after());
