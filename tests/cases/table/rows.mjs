// rows.mjs - the shapes that rows of the table have in common.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../harness.mjs';

// An addon that has to be reported and its twin that has to stay silent, by the same steps.
//   variant   the addon is kind__variant, the twin ok__kind__variant
//   row       fields of both; "twin" holds those of the twin alone, null where there is no twin to have
export function pair(issue, kind, variant, { twin = {}, ...row }) {
  const name = `${kind}__${variant}`;
  const defect = { name, issue, kind, addons: [name], steps: ['run'], ...row };
  if (!twin) return [defect];
  const { expect, bare, mayDie, end, endUnder, allow, check, on, options, stderr, isNoisy, ...shared } = row;
  return [defect, { name: `ok__${name}`, issue, kind, steps: ['run'], ...shared, addons: [`ok__${name}`], ...twin }];
}

export const leak = (kind, fields) => ({ kind, severity: 'leak', ...fields });
export const error = (kind, fields) => ({ kind, severity: 'error', ...fields });
export const warning = (kind, fields) => ({ kind, severity: 'warning', ...fields });
export const note = (kind, fields) => ({ kind, severity: 'note', ...fields });

// The rows of shim/napi_api.def that have an env to judge: [name, class].
export const allFunctions = [...readFileSync(join(root, 'shim/napi_api.def'), 'utf8').matchAll(/^NAPI_(?:CALL|HAND)\((\w+), \w+, (\w+)/gm)]
  .map(([, name, word]) => [name, word]).filter(([, word]) => word !== 'ANY_THREAD');
