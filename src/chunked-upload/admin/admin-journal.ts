import { Inject, Injectable, Logger } from '@nestjs/common';
import type { RequestWithUser } from '../chunked-upload.context.js';
import { creatorOf } from '../creator.js';
import type { HostRequest } from '../protocols/http/host-request.js';
import type { Outcome } from './admin-actions.service.js';
import { ADMINISTERED_TYPES } from './admin.tokens.js';
import type { AdministeredTypes } from './administered-types.js';

/** In one line: what collects logs may cut lines of more than some kilobytes. */
const MOST_UPLOADS = 50;
const LONGEST_NAME = 100;

/** Says in the log who did what by the admin, with each upload by its name and id. */
@Injectable()
export class AdminJournal {
  readonly #logger = new Logger('ChunkedUpload');

  constructor(@Inject(ADMINISTERED_TYPES) private readonly types: AdministeredTypes) {}

  /** Of a selection. `done` is a verb, in the past; `to` what the uploads got, if anything. */
  async outcomes(
    request: HostRequest,
    done: string,
    outcomes: readonly Outcome[],
    to?: string,
  ): Promise<void> {
    const end = to === undefined ? '' : ` to ${to}`;
    for (let from = 0; from < outcomes.length; from += MOST_UPLOADS) {
      const some = outcomes.slice(from, from + MOST_UPLOADS);
      const named = some.filter(({ ok }) => ok).map(inWords);
      const types = [...new Set(some.map(({ type }) => type))];
      await this.#line(request, {
        what: `${done} ${count(named.length)} of ${quoted(types)}${end}`,
        which: named.length > 0 ? `: ${named.join(', ')}` : '',
        failed: some.length - named.length,
      });
    }
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
      if (user !== null) return inOneLine(user);
    } catch {
      // Of a guard that lets somebody in whom that option does not know.
    }
    return 'somebody without a name';
  }
}

/** In quotes, without what ends a line, turns its direction or drives a terminal. */
function inOneLine(name: string): string {
  const unsafe = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  const escaped = (letter: string): string =>
    `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(name.slice(0, LONGEST_NAME)).replaceAll(unsafe, escaped);
}

function inWords({ filename, id }: Outcome): string {
  return `${inOneLine(filename ?? '')} ${id}`;
}

function count(number: number, noun = 'upload'): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function quoted(types: readonly string[]): string {
  return types.map((type) => JSON.stringify(type)).join(', ');
}
