import { once } from 'node:events';
import { type Server, createServer } from 'node:net';
import { between } from './waiting.js';

// Below those that a system gives to whoever asks for any: a server that is started again must find
// its port free, however many connections others have made meanwhile.
// And above 10080, which browsers and `fetch` ask nothing of.
const FIRST = 12_000;
const BEYOND_LAST = 32_000;

/**
 * A port for a program that cannot choose one itself. Nobody else gets it here while this process
 * lives, also when nobody listens on it: the port after it is kept taken as a sign of that.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = between(FIRST / 2, BEYOND_LAST / 2) * 2;
    const sign = await listenOn(port + 1);
    if (!sign) continue;
    sign.unref();
    const probe = await listenOn(port);
    if (!probe) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

/** Null: the port is taken. */
async function listenOn(port: number): Promise<Server | null> {
  const server = createServer();
  server.listen(port);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return null;
  }
}
