import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

async function* drops({ slowly, drop, everyMs }) {
  const piece = Buffer.alloc(drop, 'trickle ');
  for (let sent = 0; sent < slowly; sent += drop) {
    yield piece;
    await delay(everyMs);
  }
}

/** A file whose first chunk comes at once, and its second drop by drop. */
export class TricklingPayload {
  #slow;
  /** Resolves when the first drop has been sent. */
  isTrickling;

  constructor(n, trickling) {
    this.name = `trickling-${n}.bin`;
    this.size = trickling.quickly + trickling.slowly;
    this.trickling = trickling;
    this.#slow = Object.assign(Readable.from(drops(trickling)), { length: trickling.slowly });
    this.isTrickling = once(this.#slow, 'resume');
  }

  *chunks() {
    const { quickly } = this.trickling;
    yield { start: 0, end: quickly, bytes: Buffer.alloc(quickly, 'trickle ') };
    yield { start: quickly, end: this.size, bytes: this.#slow };
  }
}
