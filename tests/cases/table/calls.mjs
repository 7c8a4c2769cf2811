// calls.mjs - every function once, with its answer checked by the addon: what a wrapper passes and returns has to be right.
const calls = (area, steps = ['run*3', 'gc'], row = {}) => ({ name: `ok__calls__${area}`, issue: 2, addons: [`ok__calls__${area}`], steps, ...row });

// Node 12 lacks what these use: arrays that can be detached, functions of later versions that are no part of a probe.
const areas = { buffers: { minNode: 16 }, errors: { minNode: 16 }, environment: { minNode: 16 } };

export const everyCall = [
  calls('values'),
  calls('arguments'),
  calls('objects'),
  calls('buffers', ['run*3', 'gc', 'until:freed'], areas.buffers),
  calls('errors', undefined, areas.errors),
  calls('environment', ['run', 'gc'], areas.environment),
  calls('newest', ['run', 'gc']),
  calls('fatal-exception', ['catch', 'run', 'turn', 'print=still here']),
  calls('threadsafe', ['run(fn)', 'until:finalized']),
  ...['values', 'objects', 'buffers', 'errors', 'environment', 'newest'].map((area) =>
    calls(area, ['run', 'worker[run;gc]', 'workers*2[run]'], { name: `ok-calls-in-workers-${area}`, ...areas[area] })),
];
