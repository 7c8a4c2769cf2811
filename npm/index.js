// index.js: napicheck as a test sees it. The library that watches this process is a module of JavaScript as well: no
// addon has to be built. Where it is absent everything here does nothing, and `active` says so.
'use strict';
const path = require('path');
// Taken now: a test may put made-up timers in its place, which would never let us go on.
const { setImmediate } = require('timers');
const v8 = require('v8');
const vm = require('vm');

function load() {
  for (const entry of (process.env.LD_PRELOAD || '').split(/[: ]+/)) {
    if (!/^libnapicheck.*\.so/.test(path.basename(entry))) continue;
    const module = { exports: {} };
    try {
      process.dlopen(module, entry);
    } catch {
      continue; // another architecture, or gone
    }
    if (typeof module.exports.leakCheck === 'function') return module.exports;
  }
  return null;
}
const native = load();

let collector;
/** The garbage collector, also where the program was started without --expose-gc. */
function collect() {
  if (!collector && typeof globalThis.gc === 'function') collector = globalThis.gc;
  if (!collector) {
    v8.setFlagsFromString('--expose-gc');
    collector = vm.runInNewContext('gc');
    v8.setFlagsFromString('--no-expose-gc');
  }
  collector();
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects, and lets finalizers run, which come in a turn of the event loop after the collection. */
async function settle(gc = true) {
  for (let i = 0; i < 3; i++) {
    if (gc) collect();
    await turn();
  }
}

const checkpoint = (label) => (native ? native.checkpoint(label === undefined ? '' : String(label)) : 0);
const leakCheck = (mark = 0) => (native ? native.leakCheck(mark) : 0);

class LeakError extends Error {
  constructor(message, found) {
    super(message);
    this.name = 'LeakError';
    this.code = 'ERR_NAPICHECK_LEAK';
    this.found = found;
  }
}
const findings = (n) => `${n} finding${n === 1 ? '' : 's'}`;

/**
 * Runs fn a few times to fill caches, then some rounds more, and throws when those have left something behind: what
 * nobody can release any more, or a reference or more in every round that is still held.
 */
async function assertNoLeaks(fn, { warmup = 2, rounds = 10, gc = true, label = fn.name } = {}) {
  if (!native || !native.isActive()) {
    await fn();
    return { checked: false, found: 0, live: 0 };
  }
  for (let i = 0; i < warmup; i++) await fn();
  await settle(gc);
  const mark = checkpoint(label);
  for (let i = 0; i < rounds; i++) await fn();
  await settle(gc);
  const found = leakCheck(mark), live = native.live(mark);
  const what = label ? `${label}: ` : '';
  if (found) throw new LeakError(`${what}napicheck has ${findings(found)} after ${rounds} rounds; stderr says which`, found);
  if (rounds > 1 && live >= rounds)
    throw new LeakError(`${what}${rounds} rounds have left ${live} references that the addon still holds: ${+(live / rounds).toFixed(2)} a round`, live);
  return { checked: true, found, live };
}

/** What the hooks of all test runners share: nothing may be lost between the two. */
function hooks() {
  let mark = 0;
  return {
    before() {
      mark = checkpoint('before the test');
    },
    async after() {
      if (!native) return;
      await settle();
      const found = leakCheck(mark);
      if (found) throw new LeakError(`napicheck has ${findings(found)} of this test; stderr says which`, found);
    },
  };
}

module.exports = {
  get active() {
    return native !== null && native.isActive();
  },
  checkpoint,
  leakCheck,
  assertNoLeaks,
  LeakError,
  settle,
  hooks,
  disable: () => native && native.disable(),
  enable: () => native && native.enable(),
};
