const calls = new Map();

/**
 * What this process has asked of others since it was last asked for it: how often, and how long it
 * waited, the longest waiting in sum first.
 */
export function takeCalls() {
  const taken = [...calls].map(([name, call]) => ({ name, ...call }));
  calls.clear();
  return taken.toSorted((a, b) => b.seconds - a.seconds);
}

export function count(name, seconds = 0) {
  const call = calls.get(name) ?? { count: 0, seconds: 0, longest: 0 };
  call.count++;
  call.seconds += seconds;
  call.longest = Math.max(call.longest, seconds);
  calls.set(name, call);
}

/** Counts the calls of a method from now on, whether it answers at once, by promise or by callback. */
export function countCalls(object, method, nameOf) {
  const original = object[method];
  object[method] = function counted(...args) {
    const name = nameOf(args);
    const start = performance.now();
    const done = () => count(name, (performance.now() - start) / 1000);
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = function called(...answer) {
        done();
        return callback.apply(this, answer);
      };
      return original.apply(this, args);
    }
    const result = original.apply(this, args);
    if (typeof result?.then === 'function') result.then(done, done);
    else done();
    return result;
  };
}
