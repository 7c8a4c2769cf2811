// corpus.mjs: makes inputs for the fuzzer of records (record.c says their form).
//
//   node tests/fuzz/corpus.mjs RECORD OUTPUT
import { readFileSync, writeFileSync } from 'node:fs';

const [input, output] = process.argv.slice(2);
const bytes = readFileSync(input);
const pieces = [];
const GAP = 16; // shorter runs of zeros cost less than a new piece
for (let at = 0; at < bytes.length; ) {
  if (!bytes[at]) {
    at++;
    continue;
  }
  let end = at + 1;
  for (let zeros = 0, i = end; i < bytes.length && i - at < 0xffff; i++) {
    zeros = bytes[i] ? 0 : zeros + 1;
    if (!zeros) end = i + 1;
    else if (zeros === GAP) break;
  }
  const head = Buffer.alloc(6);
  head.writeUInt32LE(at, 0);
  head.writeUInt16LE(end - at, 4);
  pieces.push(head, bytes.subarray(at, end));
  at = end;
}
// The last page may be empty: its last byte says how long the file is.
const tail = Buffer.alloc(7);
tail.writeUInt32LE(bytes.length - 1, 0);
tail.writeUInt16LE(1, 4);
tail[6] = bytes[bytes.length - 1];
writeFileSync(output, Buffer.concat([...pieces, tail]));
