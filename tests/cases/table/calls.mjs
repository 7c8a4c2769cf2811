// calls.mjs - every function once, with its answer checked by the addon: what a wrapper passes and returns has to be right.
const calls = (area, steps = ['run*3', 'gc'], row = {}) => ({ name: `ok__calls__${area}`, issue: 2, addons: [`ok__calls__${area}`], steps, ...row });

// Node 12 lacks what these use: arrays that can be detached, functions of later versions that are no part of a probe.
const areas = { buffers: { minNode: 16 }, errors: { minNode: 16 }, environment: { minNode: 16 } };
// Callbacks that every runtime makes; newer ones have more.
const sorts = ['function', 'constructor', 'method', 'static method', 'accessor', 'own method', 'own accessor', 'wrap', 'added finalizer', 'external', 'buffer',
  'arraybuffer', 'instance data', 'work', 'tsfn context', 'tsfn item', 'tsfn', 'hook', 'async hook'];

export const everyCall = [
  {
    // The addon prints what each of its callbacks got: the same as bare, in whatever order threads and the collector make of it.
    name: 'ok__calls__data', issue: 3, addons: ['ok__calls__data'], runtimes: ['node'], bare: 'any',
    script: 'callback-data.cjs',
    check: async ({ run, watched }) => {
      const lines = (text) => text.split('\n').sort();
      const bare = await run.bare(run.script('callback-data.cjs', run.addonPath('ok__calls__data')));
      run.check(lines(bare.out).join('\n') === lines(watched.out).join('\n'), `bare:\n${bare.out}\nwatched:\n${watched.out}`);
      run.check(watched.err === bare.err, watched.err);
      const seen = new Set(lines(watched.out));
      for (const sort of sorts) run.check(seen.has(sort), `${sort} was not called: ${watched.out}`);
    },
  },
  calls('values'),
  // What the tool answers itself, and callbacks deep in one another.
  ...['numbers', 'nested'].map((area) => calls(area, undefined, { issue: 3, script: 'arguments.cjs', args: [area], steps: undefined })),
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
