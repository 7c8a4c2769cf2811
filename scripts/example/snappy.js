// snappy.js: ordinary use of a real package, snappy 7.2.0 (Rust, napi-rs), which keeps a reference to each
// Buffer that a synchronous call gets. Mended in snappy 7.2.2.
'use strict';
const snappy = require('@napi-rs/snappy-linux-x64-gnu');

const text = Buffer.alloc(1000, 'a');
let bytes = 0;
for (let i = 0; i < 100; i++)
  bytes += snappy.uncompressSync(snappy.compressSync(text), { asBuffer: true }).length;
console.log(`snappy: ${bytes} bytes there and back`);
