import { Child } from './child.mjs';

/**
 * Virtual machines give freed memory back to their host, and touching it again costs a millisecond
 * and more a MiB, charged to whoever runs next. So a helper touches some before each timed part;
 * stopped, it leaves pages that are there.
 */
export const holdMemory = (mebibytes) =>
  Child.start(new URL('./memory-holder.mjs', import.meta.url), {
    env: { BENCH_HOLD_MIB: mebibytes },
  });
