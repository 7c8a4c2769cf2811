// seeds.mjs: what the fuzzers start from: FOLDER/record, records with something in every table (record.c says their
// form), and FOLDER/text, reports as JSON, a baseline, suppressions (text.c). They are made when they are wanted: kept
// ones would be of an old layout one day, refused at the door, and nobody would notice.
//
//   node tests/fuzz/seeds.mjs MAKE_RECORD NAPICHECK FOLDER [RECORD...]     RECORD: others, of a program's run
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

const [makeRecord, tool, folder, ...others] = process.argv.slice(2);
const run = (program, ...args) => {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  if (result.error || ![0, 23].includes(result.status)) throw new Error(`${program}: ${result.error ?? result.stderr}`);
  return result.stdout;
};
for (const kind of ['record', 'text']) mkdirSync(join(folder, kind), { recursive: true });
const write = (kind, name, bytes) => writeFileSync(join(folder, kind, `seed-${name}`), bytes);
for (const [name, words] of Object.entries(settings)) {
  const record = join(folder, `${name}.napicheck`);
  run(makeRecord, record, ...words);
  write('record', name, squeeze(readFileSync(record)));
  if (['everything', 'leak'].includes(name)) {
    write('text', `json-${name}`, `j${run(tool, 'report', '--format=json', record)}`);
    write('text', `suppressions-${name}`, `s# of ${name}\n${run(tool, 'suppress', '--all', record)}*:^lib*$ max=12 expires=2027-06-30 reason="on purpose"\n`);
    const baseline = join(folder, 'baseline');
    run(tool, 'report', `--write_baseline=${baseline}`, record);
    write('text', `baseline-${name}`, `b${readFileSync(baseline, 'utf8')}`);
    rmSync(baseline);
  }
  rmSync(record);
}
for (const record of others) write('record', basename(record), squeeze(readFileSync(record)));
