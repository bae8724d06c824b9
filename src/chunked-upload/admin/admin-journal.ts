import { Inject, Injectable, Logger } from '@nestjs/common';
import type { RequestWithUser } from '../chunked-upload.context.js';
import { creatorOf } from '../creator.js';
import type { HostRequest } from '../protocols/http/host-request.js';
import type { Outcome } from './admin-actions.service.js';
import { ADMINISTERED_TYPES } from './admin.tokens.js';
import type { AdministeredTypes } from './administered-types.js';

const MOST_IDS = 3;
const LONGEST_NAME = 100;

/** Says in the log who did what by the admin: one line an action, whatever the number of uploads. */
@Injectable()
export class AdminJournal {
  readonly #logger = new Logger('ChunkedUpload');

  constructor(@Inject(ADMINISTERED_TYPES) private readonly types: AdministeredTypes) {}

  /** Of a selection. `done` is a verb, in the past. */
  async outcomes(request: HostRequest, done: string, outcomes: readonly Outcome[]): Promise<void> {
    const successes = outcomes.filter(({ ok }) => ok);
    const ids = successes.slice(0, MOST_IDS).map(({ id }) => id);
    const more = successes.length - ids.length;
    const named = more > 0 ? [...ids, `and ${more} more`] : ids;
    const types = [...new Set(outcomes.map(({ type }) => type))];
    await this.#line(request, {
      what: `${done} ${count(successes.length)} of ${quoted(types)}`,
      which: named.length > 0 ? `: ${named.join(', ')}` : '',
      failed: outcomes.length - successes.length,
    });
  }

  /** Of all that had expired, of one type or of all. */
  async removedExpired(
    request: HostRequest,
    type: string | undefined,
    { removed, failed }: { readonly removed: number; readonly failed: number },
  ): Promise<void> {
    if (removed + failed === 0) return;
    const types = type === undefined ? this.types().map(({ name }) => name) : [type];
    const what = `deleted ${count(removed, 'expired upload')} of ${quoted(types)}`;
    await this.#line(request, { what, which: '', failed });
  }

  async #line(
    request: HostRequest,
    { what, which, failed }: { what: string; which: string; failed: number },
  ): Promise<void> {
    const rest = failed > 0 ? ` (${failed} could not be)` : '';
    this.#logger.log(`Admin: ${await this.#nameOf(request)} ${what}${rest}${which}`);
  }

  /** As the option `user` names the caller. */
  async #nameOf(request: HostRequest): Promise<string> {
    const [type] = this.types();
    try {
      const user = creatorOf(await type?.user(request as unknown as RequestWithUser));
      if (user !== null) return JSON.stringify(user.slice(0, LONGEST_NAME));
    } catch {
      // Of a guard that lets somebody in whom that option does not know.
    }
    return 'somebody without a name';
  }
}

function count(number: number, noun = 'upload'): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function quoted(types: readonly string[]): string {
  return types.map((type) => JSON.stringify(type)).join(', ');
}
