import type { DataSource } from 'typeorm';
import type { DriverConnection } from './driver-connection.js';

// What the pool of `pg` calls its connections, and a connection that it is being made. Where they are
// called otherwise nothing is done.
const CONNECTIONS = '_clients';
const IS_BEING_MADE = '_connecting';

type Connection = DriverConnection & { readonly [IS_BEING_MADE]?: boolean };

interface Pool {
  readonly [CONNECTIONS]?: readonly Connection[];
}

const watched = new WeakSet<Connection>();

/**
 * To be called when a wait for a connection was too long. Connections that are being made now, and
 * still are after another `limitMs`, are ended: those of a server that accepts and says no more would
 * keep their places in the pool for ever, since a pool without `connectTimeoutMS` waits for ever.
 */
export function endStuckConnections({ driver }: DataSource, limitMs: number): void {
  const { master } = driver as { master?: Pool };
  for (const connection of master?.[CONNECTIONS] ?? []) {
    if (connection[IS_BEING_MADE] !== true || watched.has(connection)) continue;
    watched.add(connection);
    setTimeout(() => {
      if (connection[IS_BEING_MADE] === true) connection.connection?.stream?.destroy();
    }, limitMs).unref();
  }
}
