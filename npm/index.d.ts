/** True when napicheck watches this process. */
export const active: boolean;

/** Sets a mark; 0 when napicheck is absent. The label stands in what `leakCheck` says. */
export function checkpoint(label?: string): number;

/**
 * Looks now: how many findings that count there are among what was made or happened since the mark (0: the start of the
 * process). They are said on stderr.
 */
export function leakCheck(mark?: number): number;

export interface LeakOptions {
  /** Calls before the mark, which fill caches: 2. */
  warmup?: number;
  /** Calls that are judged: 10. */
  rounds?: number;
  /** Collect garbage before each look: true. */
  gc?: boolean;
  /** Stands in the message; the function's name. */
  label?: string;
}
export interface LeakResult {
  /** False: napicheck is absent, fn ran once. */
  checked: boolean;
  found: number;
  /** References made since the mark that the addon still holds. */
  live: number;
}

export class LeakError extends Error {
  code: 'ERR_NAPICHECK_LEAK';
  found: number;
}

/** Throws a LeakError when the rounds leave something behind. */
export function assertNoLeaks(fn: () => unknown, options?: LeakOptions): Promise<LeakResult>;

/** Collects garbage and lets finalizers run. */
export function settle(gc?: boolean): Promise<void>;

/** For a test runner that has no file here: call `before` and `after` around each test. */
export function hooks(): { before(): void; after(): Promise<void> };

/** Between these two nothing that this thread makes counts as a leak. They nest. */
export function disable(): void;
export function enable(): void;
