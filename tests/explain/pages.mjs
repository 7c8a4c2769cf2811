// pages.mjs - reads docs/findings: the pages, their examples, and the frames that the examples stand in.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, 'docs/findings');

// The fenced blocks of a page: { words, flags, code, line }, line being that of the first line of code.
// "```c defect ends=SIGABRT" has the words c, defect and the flag ends.
export function readBlocks(text) {
  const blocks = [];
  let block = null;
  text.split('\n').forEach((line, i) => {
    if (block && line === '```') {
      blocks.push(block);
      block = null;
    } else if (block) {
      block.code += `${line}\n`;
    } else if (line.startsWith('```')) {
      const [words, flags] = [[], {}];
      for (const word of line.slice(3).trim().split(/\s+/).filter(Boolean)) {
        const equals = word.indexOf('=');
        if (equals > 0) flags[word.slice(0, equals)] = word.slice(equals + 1);
        else words.push(word);
      }
      block = { words, flags, code: '', line: i + 2 };
    }
  });
  if (block) throw new Error(`the block at line ${block.line - 1} has no end`);
  return blocks;
}

export const languages = {
  c: { extension: 'c' },
  cpp: { extension: 'cc' },
  rust: { extension: 'rs' },
};

const knownFlags = new Set(['ends', 'also']);

// The examples of one page, in their order: { language, role: defect|fixed, code, line, flags, js }. The JavaScript is the
// last block of it that stands before them.
export function readExamples(kind, text) {
  const examples = [];
  let js = null;
  for (const { words, flags, code, line } of readBlocks(text)) {
    const [language] = words, role = words.find((word) => word === 'defect' || word === 'fixed');
    if (language === 'js') {
      js = { code, line };
      continue;
    }
    if (!(language in languages)) continue;
    const where = `${kind}.md:${line - 1}`;
    if (!role) throw new Error(`${where}: an example is either "defect" or "fixed"`);
    for (const flag of Object.keys(flags)) if (!knownFlags.has(flag)) throw new Error(`${where}: unknown flag ${flag}`);
    if (!js) throw new Error(`${where}: no JavaScript calls it`);
    examples.push({ kind, language, role, isPlain: words.includes('plain'), code, line, flags, js });
  }
  return examples;
}

// { kind, severity, group } of findings.def, in its order.
export function readKinds() {
  const text = readFileSync(join(root, 'include/napicheck/findings.def'), 'utf8');
  return [...text.matchAll(/^NCK_FINDING\(\w+, "([^"]+)", (\w+), (\w+),/gm)].map(([, kind, severity, group]) => ({ kind, severity: severity.toLowerCase(), group }));
}

// The pages of these kinds, or all of them.
export function readPages(wanted = []) {
  const kinds = readKinds();
  for (const word of wanted) if (!kinds.some((kind) => kind.kind === word)) throw new Error(`no such kind: ${word}`);
  const written = new Set(readdirSync(folder));
  return kinds.filter((kind) => !wanted.length || wanted.includes(kind.kind)).map((kind) => {
    if (!written.has(`${kind.kind}.md`)) throw new Error(`${kind.kind} has no page`);
    const text = readFileSync(join(folder, `${kind.kind}.md`), 'utf8');
    return { ...kind, blocks: readBlocks(text), examples: readExamples(kind.kind, text) };
  });
}

// How each language's functions are found, the name that stands for them in the frame, and an initialiser of the example's own.
// "plain" is Rust without crates; napi-rs finds its functions itself.
const exported = {
  c: { pattern: /^static napi_value (\w+)\(napi_env env, napi_callback_info info\)/gm, row: 'run', init: /NAPI_MODULE_INIT/ },
  cpp: { pattern: /^static (?:Napi::Value|void) (\w+)\(const Napi::CallbackInfo &info\)/gm, row: 'Run', init: /NODE_API_(MODULE|ADDON|NAMED_ADDON)/ },
  plain: { pattern: /^extern "C" fn (\w+)\(\w+: Handle, \w+: Handle\) -> Handle/gm, row: 'run', init: /napi_register_module_v1/ },
};
const keyOf = (example) => (example.isPlain ? 'plain' : example.language);

// The functions of an example: [its name, the name in JavaScript].
function exportsOf(example) {
  const names = exported[keyOf(example)] ? [...example.code.matchAll(exported[keyOf(example)].pattern)].map((match) => match[1]) : [];
  return names.map((name) => [name, `${name[0].toLowerCase()}${name.slice(1)}`]);
}

export function neverCalled(example) {
  return exportsOf(example).map(([, name]) => name).filter((name) => !new RegExp(`\\.${name}\\(`).test(example.js.code));
}

let frames;
// The whole source of an example: its frame with the example in it, every function exported.
export function sourceOf(example) {
  if (!frames) {
    const blocks = readBlocks(readFileSync(join(folder, 'README.md'), 'utf8')).filter((block) => block.words.includes('frame'));
    frames = Object.fromEntries(blocks.map(({ words, code }) => [words.includes('plain') ? 'plain' : words[0], code]));
  }
  const key = keyOf(example);
  const [head, tail] = frames[key].split('/* the example */\n');
  // Lines in compilers' messages and in reports are the page's.
  const own = example.language === 'rust' ? example.code : `#line ${example.line} "docs/findings/${example.kind}.md"\n${example.code}`;
  if (!exported[key] || exported[key].init.test(example.code)) return head + own;
  const { row } = exported[key];
  const names = exportsOf(example);
  if (!names.length) throw new Error(`${example.kind}.md:${example.line}: exports no function`);
  const rows = tail.split('\n').flatMap((line) => {
    if (!new RegExp(`"run\\b.*\\b${row}\\b`).test(line)) return [line];
    return names.map(([name, jsName]) => line.replace('"run', `"${jsName}`).replace(new RegExp(`(,.*)\\b${row}\\b`), `$1${name}`));
  });
  return `${head}${own}${example.language === 'rust' ? '' : '#line 1 "frame"'}\n${rows.join('\n')}`;
}

export function scriptOf(example, addon) {
  return `const addon = require(${JSON.stringify(addon)});\n\n${example.js.code}`;
}
