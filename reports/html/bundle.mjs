// bundle.mjs: page.html with its style and script as a C array, which the tool carries:
//   node reports/html/bundle.mjs OUTPUT.c
// What it is made of stands in package.json and its lock file; the same files give the same page.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const result = await build({
  entryPoints: [join(here, 'main.js')], bundle: true, minify: true, format: 'iife', target: ['chrome111', 'firefox115', 'safari16'],
  charset: 'ascii', write: false, outdir: 'out', legalComments: 'none', logLevel: 'warning',
});
const text = (suffix) => result.outputFiles.find((file) => file.path.endsWith(suffix)).text.trim();
const licences = [['uPlot', 'MIT', 'uplot'], ['d3-flame-graph', 'Apache-2.0', 'd3-flame-graph'], ['d3', 'ISC', 'd3-selection']]
  .map(([name, licence, folder]) => `${name} ${JSON.parse(readFileSync(join(here, '../../node_modules', folder, 'package.json'), 'utf8')).version} (${licence})`).join(', ');
const script = `/* With ${licences}. */${text('.js')}`;
const style = text('.css');
// Either would end its element early.
if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) throw new Error('the bundle holds what would end its own element');
const values = { STYLE: style, SCRIPT: script, SCRIPT_HASH: `sha256-${createHash('sha256').update(script).digest('base64')}` };
const page = readFileSync(join(here, 'page.html'), 'utf8').replace(/@([A-Z_]+)@/g, (_, name) => values[name]);
const bytes = Buffer.from(page);
const lines = [];
for (let at = 0; at < bytes.length; at += 32) lines.push([...bytes.subarray(at, at + 32)].join(','));
writeFileSync(process.argv[2], `// Made by reports/html/bundle.mjs.\n#include "html_page.h"\n\nconst char nck_html_page[] = {\n${lines.join(',\n')},0};\n`);
console.log(`html: ${bytes.length} bytes`);
