// calls.mjs - every function once, with its answer checked by the addon: what a wrapper passes and returns has to be right.
const calls = (area, steps = ['run*3', 'gc'], row = {}) => ({ name: `ok__calls__${area}`, issue: 2, addons: [`ok__calls__${area}`], steps, ...row });

export const everyCall = [
  calls('values'),
  calls('arguments'),
  calls('objects'),
  calls('buffers', ['run*3', 'gc', 'until:freed']),
  calls('errors'),
  calls('environment', ['run', 'gc']),
  calls('newest', ['run', 'gc']),
  calls('fatal-exception', ['catch', 'run', 'turn', 'print=still here']),
  calls('threadsafe', ['run(fn)', 'until:finalized']),
  ...['values', 'objects', 'buffers', 'errors', 'environment', 'newest'].map((area) =>
    calls(area, ['run', 'worker[run;gc]', 'workers*2[run]'], { name: `ok-calls-in-workers-${area}` })),
];
