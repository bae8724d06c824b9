import { type Representation } from '../representation.js';
import { type EntryError } from './entry.js';

/** The events of the element, by name. They bubble, also out of a shadow tree around it. */
export interface UploadEvents {
  /** Files were chosen, dropped or pasted. */
  'upload-added': CustomEvent<{ readonly files: readonly File[] }>;
  /** The server has the whole file. `answer` is its response to the completed upload. */
  'upload-complete': CustomEvent<{ readonly file: File; readonly answer: unknown }>;
  /** The upload failed and will not retry on its own. */
  'upload-failed': CustomEvent<{ readonly file: File; readonly error: EntryError | null }>;
  /** The user wants to download a stored file. Call `preventDefault()` to handle it yourself. */
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
