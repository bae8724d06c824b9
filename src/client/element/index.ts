import '../loaded-once.js';
import { ChunkedUploadElement } from './chunked-upload.element.js';

export { ChunkedUploadElement };
export { type ChunkedUploadAttributes } from './attributes.js';
export { type Entry, type EntryError, type EntryState } from './entry.js';
export { type Text, type Texts } from './texts.js';

const NAME = 'chunked-upload';

// Not where a page is rendered on a server; and a page that loads it twice has it once.
if (typeof customElements !== 'undefined' && !customElements.get(NAME)) {
  customElements.define(NAME, ChunkedUploadElement);
}

declare global {
  interface HTMLElementTagNameMap {
    'chunked-upload': ChunkedUploadElement;
  }
}
