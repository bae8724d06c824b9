import { type Representation } from '../representation.js';
import { type EntryError } from './entry.js';

/** The events of the element, by name. They bubble, also out of a shadow tree around it. */
export interface UploadEvents {
  /** Files were chosen, dropped or pasted. */
  'upload-added': CustomEvent<{ readonly files: readonly File[] }>;
  /** The server has the whole file; `answer` is what its completion answered. */
  'upload-complete': CustomEvent<{ readonly file: File; readonly answer: unknown }>;
  /** It does not go on by itself. */
  'upload-failed': CustomEvent<{ readonly file: File; readonly error: EntryError | null }>;
  /** Somebody wants a file back; with `preventDefault()` the element leaves that to the page. */
  'upload-download': CustomEvent<{ readonly upload: Representation }>;
}

declare global {
  // What listens to them may be the element, something around it, or the document.
  interface GlobalEventHandlersEventMap extends UploadEvents {}
}

/** @returns `false`: the page does itself what usually comes next */
export function tell<Type extends keyof UploadEvents>(
  target: HTMLElement,
  type: Type,
  detail: UploadEvents[Type]['detail'],
  cancelable = false,
): boolean {
  const init = { detail, bubbles: true, composed: true, cancelable };
  return target.dispatchEvent(new CustomEvent(type, init));
}
