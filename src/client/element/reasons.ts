import { type QueueTexts } from '../queue/index.js';
import { type Wording } from './wording.js';

/** Why an upload failed, in the words of the page's language; the queue adds those of the server. */
export function reasonsIn(words: Wording): Partial<QueueTexts> {
  return {
    'checksum-mismatch': words.say('errorChecksum'),
    forbidden: words.say('errorForbidden'),
    gone: words.say('errorGone'),
    network: words.say('errorNetwork'),
    protocol: words.say('errorProtocol'),
    'too-large': words.say('errorTooLarge'),
    unavailable: words.say('errorUnavailable'),
    unreadable: words.say('errorUnreadable'),
  };
}
