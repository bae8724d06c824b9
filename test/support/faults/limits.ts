/** How long a writer that died blocks its upload, and how long one statement or call may take. */
export const LEASE_MS = 2000;
export const CALL_TIMEOUT_MS = 3000;

/** For machines that are busy: hosts are started beside the cells. */
const SLACK_MS = 2500;

/** Within so long every request is answered, beyond what it takes when nothing goes wrong. */
export const LIMIT_MS = CALL_TIMEOUT_MS + LEASE_MS + SLACK_MS;

/** Within so long others are served that have nothing to do with what went wrong. */
export const OTHERS_MS = CALL_TIMEOUT_MS - 500;

/** What is late fails, says what it was, and is tried again: see `in-time.ts`. */
export async function within<R>(ms: number, what: string, work: Promise<R>): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`late: ${what}: no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
