// child.cjs ADDON [JOB ...]: the benchmarks' process. With a job it does that and ends; without, it does what
// the lines on stdin say, { name, n }, and answers each with { ns } for all n, so that the driver can let a bare
// process and one under the tool take turns.
'use strict';
const { readFileSync } = require('node:fs');
const addon = require(process.argv[2]);

const turn = () => new Promise((done) => setImmediate(done));
const now = () => Number(process.hrtime.bigint());

function residentKiB() {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

// Collects, and gives finalizers the turns of the event loop that they wait for.
async function collect(wanted) {
  for (let i = 0; i < 20; i++) {
    global.gc();
    await turn();
    if (wanted()) return;
  }
  throw new Error('what was made is not collected');
}

const nothing = () => {};

const jobs = {
  getInt32: (n) => addon.getInt32(n, 42),
  handleScope: (n) => addon.handleScope(n),
  escapableScope: (n) => addon.escapableScope(n),
  referenceShallow: (n) => addon.referenceShallow(n, nothing),
  referenceDeep: (n) => addon.referenceDeep(n, nothing),
  referenceCount: (n) => addon.referenceCount(n, nothing),
  createObject: (n) => addon.createObject(n),
  callFunction: (n) => addon.callFunction(n, nothing),
  empty(n) {
    const { empty } = addon;
    const start = addon.threadNs();
    for (let i = 0; i < n; i++) empty();
    return addon.threadNs() - start;
  },
  add(n) {
    const { add } = addon;
    const start = addon.threadNs();
    let sum = 0;
    for (let i = 0; i < n; i++) sum = add(sum, i) & 0xffff;
    return addon.threadNs() - start;
  },
  // With the collection and the finalizers.
  async wrap(n) {
    const before = addon.finalized();
    const start = addon.threadNs();
    addon.wrap(n);
    await collect(() => addon.finalized() - before === n);
    return addon.threadNs() - start;
  },
  threadsafe: (n) => new Promise((done) => addon.threadsafe(8, n / 8, done)),

  // Whole processes.
  async functions(n) {
    const resident = [];
    const start = now();
    for (let made = 0; made < n; made += 10000) {
      if (made % (n / 10) === 0) {
        global.gc();
        await turn();
        global.gc();
        resident.push(residentKiB());
      }
      addon.createFunctions(10000);
      await turn();
    }
    return { ns: now() - start, resident };
  },
  leak(n) {
    global.gc();
    const before = residentKiB();
    const ns = addon.leak(n, nothing);
    return { ns, grownKiB: residentKiB() - before };
  },
};

async function main() {
  const [name, n] = process.argv.slice(3);
  if (name !== undefined) {
    const result = await jobs[name](Number(n));
    // The driver compares this clock with its own.
    process.stdout.write(`${JSON.stringify({ ...result, end: now() })}\n`, () => process.exit(0));
    return;
  }
  for await (const line of require('node:readline').createInterface({ input: process.stdin })) {
    const { name: wanted, n: times } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ ns: await jobs[wanted](times) })}\n`);
  }
}

main();
