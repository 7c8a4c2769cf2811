// table.mjs - every case by name; one file an area in table/. README.md says what a row holds.
import { process_ } from './table/process.mjs';
import { references } from './table/references.mjs';

export const cases = [...references, ...process_];
