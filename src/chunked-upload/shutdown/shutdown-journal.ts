import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';

/** What the end of an application made of the requests that were writing. */
export interface EndedWriters {
  readonly ended: number;
  /** Bytes of these requests that are kept. */
  readonly bytes: number;
}

type End = () => Promise<EndedWriters>;

// Every upload type asks for it, and all of an application are one line.
const applications = new WeakMap<object, End[]>();

/** Says in the log how many uploads the end of an application ended, and how much of them is kept. */
export class ShutdownJournal implements BeforeApplicationShutdown {
  readonly #ends: End[] | null = null;

  /** @param end of one type's writers; may be called more than once */
  constructor(application: object, end: End) {
    const others = applications.get(application);
    others?.push(end);
    if (others) return;
    this.#ends = [end];
    applications.set(application, this.#ends);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const all = await Promise.all((this.#ends ?? []).map((end) => end()));
    const ended = all.reduce((sum, each) => sum + each.ended, 0);
    const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
    if (ended === 0) return;
    const uploads = ended === 1 ? '1 running upload' : `${ended} running uploads`;
    new Logger('ChunkedUpload').log(
      `Shutdown: ended ${uploads}, kept ${bytes} bytes of what these requests had sent`,
    );
  }
}
