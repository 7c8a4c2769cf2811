// shapes.cjs ADDON SHAPE: a program of one of the shapes that are no leak, over some 1.5 s.
//
// pool and ring hold as many as are in use; burst makes many over a second and gives them back; startup makes for a
// third of the run and then serves; own makes objects that the collector releases (it is asked now and then), own-short
// a few hundred of them in a short program that never collects, own-test the same with collections at the end.
'use strict';
const addon = require(process.argv[2]);
const collect = typeof Bun !== 'undefined' ? () => Bun.gc(true) : globalThis.gc;
const tick = (ms = 10) => new Promise((resolve) => setTimeout(resolve, ms));
const repeat = (n, f) => { for (let i = 0; i < n; i++) f(i); };

const shapes = {
  async pool() {
    for (let i = 0; i < 150; i++) {
      const wanted = Math.round(300 + 250 * Math.sin(i / 7));
      let live = addon.take();
      while (live < wanted) live = addon.take();
      while (live > wanted) live = addon.give();
      await tick();
    }
  },
  async ring() {
    for (let i = 0; i < 150; i++) {
      repeat(20, () => addon.refill());
      await tick();
    }
  },
  async burst() {
    for (let i = 0; i < 100; i++) {
      repeat(20, () => addon.take());
      await tick();
    }
    for (let i = 0; i < 40; i++) {
      repeat(45, () => addon.give());
      await tick();
    }
  },
  async startup() {
    for (let i = 0; i < 50; i++) {
      repeat(20, () => addon.take());
      await tick();
    }
    for (let i = 0; i < 50; i++) {
      repeat(5, () => { addon.take(); addon.give(); });
      await tick(20);
    }
  },
  async own() {
    for (let i = 0; i < 150; i++) {
      repeat(20, (k) => addon.own(() => k));
      if (i % 10 === 0) collect();
      await tick();
    }
  },
  async 'own-short'() {
    for (let i = 0; i < 60; i++) {
      repeat(5, (k) => addon.own(() => k));
      await tick(1);
    }
  },
  async 'own-test'() {
    await shapes['own-short']();
    for (let i = 0; i < 5; i++) {
      collect();
      await tick(20);
    }
  },
};
shapes[process.argv[3]]().then(() => console.log('done', process.argv[3]));
