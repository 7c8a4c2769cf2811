// seeds.mjs: records with something in every table, as inputs of the fuzzer (record.c says their form). They are made
// when they are wanted: kept ones would be of an old layout one day, refused at the door, and nobody would notice.
//
//   node tests/fuzz/seeds.mjs MAKE_RECORD FOLDER [RECORD...]     RECORD: others, of a program's run
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const GAP = 16; // shorter runs of zeros cost less than a new piece
function squeeze(bytes) {
  const pieces = [];
  const add = (at, end) => {
    const head = Buffer.alloc(6);
    head.writeUInt32LE(at, 0);
    head.writeUInt16LE(end - at, 4);
    pieces.push(head, bytes.subarray(at, end));
  };
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
    add(at, end);
    at = end;
  }
  // The last page may be empty: its last byte says how long the file is.
  add(bytes.length - 1, bytes.length);
  return Buffer.concat(pieces);
}

const settings = {
  everything: ['lost=9', 'sites=3', 'held=2', 'weak=3', 'live=1', 'ignored=1', 'error=2', 'warning=1', 'note=1', 'growing=40', 'all=1'],
  plain: [],
  leak: ['lost=5'],
  errors: ['error=2', 'warning=1', 'note=3', 'options=fail_on=warning:show=all'],
  growth: ['growing=500', 'how=exec'],
  killed: ['lost=4', 'live=3', 'how=killed', 'pid=999999'],
  aborted: ['lost=4', 'all=1', 'how=abort', 'blind=no room', 'cwd=/nowhere'],
};

const [makeRecord, folder, ...others] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const [name, words] of Object.entries(settings)) {
  const record = join(folder, `${name}.napicheck`);
  const result = spawnSync(makeRecord, [record, ...words], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${makeRecord}: ${result.stderr}`);
  writeFileSync(join(folder, `seed-${name}`), squeeze(readFileSync(record)));
  rmSync(record);
}
for (const record of others) writeFileSync(join(folder, `seed-${basename(record)}`), squeeze(readFileSync(record)));
