import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { QueryRunner } from 'typeorm';

/** A client of `pg`, as far as it is used here. */
export interface DriverConnection extends EventEmitter {
  readonly connection?: { readonly stream?: Socket };
}

/**
 * Has the pool forget a connection, so that it may make another in its place, and closes its socket.
 * A plain release would hand it, with the statement that it is busy with, to the next one.
 */
export function destroyConnection(
  runner: QueryRunner,
  connection: DriverConnection,
  cause: Error,
): void {
  const postgres = runner as QueryRunner & {
    releasePostgresConnection(error: Error): Promise<void>;
  };
  void postgres.releasePostgresConnection(cause);
  // Politely closed, a connection that is dead would wait for an answer first.
  connection.connection?.stream?.destroy();
}
