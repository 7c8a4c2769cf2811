// table.mjs - every case by name; one file an area in table/. README.md says what a row holds.
import { acceptance } from './table/acceptance.mjs';
import { everyCall } from './table/calls.mjs';
import { handles } from './table/handles.mjs';
import { launcher } from './table/launcher.mjs';
import { onError } from './table/on-error.mjs';
import { options } from './table/options.mjs';
import { process_ } from './table/process.mjs';
import { records } from './table/records.mjs';
import { references } from './table/references.mjs';
import { resources } from './table/resources.mjs';
import { user } from './table/user.mjs';

export const cases = [...everyCall, ...references, ...process_, ...options, ...records, ...handles, ...onError, ...resources, ...launcher, ...user, ...acceptance];
