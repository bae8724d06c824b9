import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A storage that reports each of its calls, and those of its writers, before it is done, and lets
 * that go wrong which it is told. `report(name)` answers with a fault, or null; `done()` is called
 * where somebody waits for the moment after; `hang()` waits until all have gone on. Whatever methods
 * a storage has: not only today's.
 */
export function reportingStorage(storage, { report, done, hang, lateMs }) {
  /** Returns what is to be called when the work is done. */
  async function enter(name) {
    const fault = await report(name);
    if (fault === 'refused') throw failure('ENOSPC');
    if (fault === 'before') throw failure('EIO');
    if (fault === 'hang before' || fault === 'unknown') await hang();
    if (fault === 'hang before') throw failure('EIO');
    return async () => {
      if (fault === 'late') await sleep(lateMs);
      if (fault === 'hang after') await hang();
      if (fault === 'kill after') {
        done();
        await hang();
      }
      if (fault === 'after' || fault === 'hang after') throw failure('EIO');
    };
  }

  async function* listing(target, name, args) {
    const leave = await enter(name);
    yield* target[name](...args);
    await leave();
  }

  async function call(target, name, args, running) {
    const leave = await enter(name);
    // A file is not closed below a call that is still at it, whoever has given that up.
    if (name === 'close') await Promise.allSettled(running);
    const result = await target[name](...args);
    await leave();
    return name === 'open' ? reporting(result) : result;
  }

  function reporting(target) {
    const running = new Set();
    return new Proxy(target, {
      get(_, name) {
        const value = target[name];
        if (typeof value !== 'function' || name === 'constructor') return value;
        // Asked at the start, beside the first requests.
        if (name === 'check') return () => target.check();
        if (name === 'list') return (...args) => listing(target, name, args);
        return (...args) => {
          const called = call(target, name, args, [...running]);
          running.add(called);
          const end = () => running.delete(called);
          called.then(end, end);
          return called;
        };
      },
    });
  }

  return reporting(storage);
}

function failure(code) {
  return Object.assign(new Error(`${code}: injected`), { code });
}
