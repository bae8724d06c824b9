import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { type TestDatabase, createDatabase } from './database.js';

/** A database behind a line that can be cut: its clients see what a restart shows them. */
export interface BreakableDatabase extends TestDatabase {
  /** Drops all connections and refuses new ones. */
  cut(): void;
  heal(): void;
}

export async function createBreakableDatabase(): Promise<BreakableDatabase> {
  const database = await createDatabase();
  const target = new URL(database.url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const line = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const server = connect(Number(target.port || 5432), target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(line, 'listening');
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String((line.address() as AddressInfo).port);
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    heal: () => {
      isCut = false;
    },
    drop: async () => {
      line.close();
      for (const socket of sockets) socket.destroy();
      await database.drop();
    },
  };
}
