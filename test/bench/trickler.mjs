import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from './support/connection.mjs';
import { answerParent } from './support/parent.mjs';
import { TricklingPayload } from './support/trickling-payload.mjs';

/*
 * Many clients, each with a chunk of which little comes at a time. It fails as soon as one of them
 * is let go.
 */
async function prepare({ client, scenario: { trickling }, url }) {
  const { upload } = await import(`./clients/${client}.mjs`);
  const begun = Array.from({ length: trickling.clients }, async (_, n) => {
    // Not all at the same moment of each interval.
    await delay((n * trickling.everyMs) / trickling.clients);
    const file = new TricklingPayload(n, trickling);
    void upload(new Connection(url), file, '').then(() => {
      throw new Error(`client ${n} came to its end`);
    });
    await file.isTrickling;
  });
  await Promise.all(begun);
}

answerParent('ready', { prepare });
