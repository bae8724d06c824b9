import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** What `pg` takes where nothing is said. */
const DEFAULT_SIZE = 10;

/** A pool in which one completion holds up all other requests. */
export class ConnectionPoolCheck extends StartUpCheck {
  warning({ table }: CheckedType): string | null {
    const { poolSize, extra } = table.dataSource.options as {
      poolSize?: number;
      extra?: { max?: number };
    };
    const size = extra?.max ?? poolSize ?? DEFAULT_SIZE;
    if (size >= 2) return null;
    return (
      'The database pool has one connection: while a completion runs "onComplete" in it, every ' +
      'other request waits. Set "poolSize" of the data source to 2 or more.'
    );
  }
}
