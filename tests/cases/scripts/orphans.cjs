// orphans.cjs ADDON HOW: externals without a finalizer whose memory is somebody's; see ok__external-without-finalizer__lost.
'use strict';
const { spawnSync } = require('child_process');
const { readFileSync } = require('fs');

// In one run of seventy V8 puts its code right behind malloc's heap, which then goes on elsewhere: see docs/limits.md.
// Such a program has nothing to say to this case; another one takes its place, before the addon is loaded.
function heapMayGrow() {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const heap = maps.map((line) => line.endsWith('[heap]')).lastIndexOf(true);
  if (heap < 0) return true;
  const [end] = maps[heap].split(' ')[0].split('-').slice(1), [next] = maps[heap + 1].split('-');
  return BigInt(`0x${next}`) - BigInt(`0x${end}`) > 1n << 28n;
}
if (!heapMayGrow()) {
  const { status, signal } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  process.exit(status);
}

const addon = require(process.argv[2]);
const how = process.argv[3];
const EACH = 400, ROUNDS = 5;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const numbers = (globalThis.numbers = []); // what lives to the end
let values = [];

function work() {
  if (how === 'at-once') for (let i = 0; i < EACH; i++) addon.drop(addon.make());
  else if (how === 'each-round') {
    for (let i = 0; i < EACH; i++) values.push(i % 2 ? addon.makeLarge() : addon.make());
    for (const value of values) addon.drop(value);
    values = [];
  } else if (how === 'at-end') for (let i = 0; i < EACH; i++) addon.middle();
  else if (how === 'alive') for (let i = 0; i < EACH; i++) numbers.push(i % 2 ? addon.makeLarge() : addon.makeBuffer());
  else if (how === 'number') for (let i = 0; i < EACH; i++) numbers.push(addon.address() + 0.5);
  else for (let i = 0; i < EACH; i++) addon[how]();
}

// Values that are gone leave their pointers in the runtime's heap until something else stands there.
function fillHeap() {
  let kept = [];
  for (let i = 0; i < 200000; i++) {
    kept.push([i, i, i, i]);
    if (kept.length > 20000) kept = [];
  }
  return kept.length;
}

(async () => {
  for (let round = 0; round < ROUNDS; round++) {
    work();
    globalThis.gc();
    await turn();
    fillHeap();
    globalThis.gc();
    await turn();
  }
  if (how === 'at-end') addon.release();
  console.log('done', numbers.length);
})();
