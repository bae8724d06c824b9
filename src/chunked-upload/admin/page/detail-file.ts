import { type DetailedUpload, fetchText, fileUrl, keyOf, whyNoFile } from './api.js';
import { announce, byId, element } from './element.js';
import { formatBytes, visible } from './format.js';

/** Of a text so much is shown. */
const TEXT_BYTES = 65_536;
/** An image that is larger is not fetched by itself. */
const IMAGE_BYTES = 20 * 1024 * 1024;

/** The file of one upload: a way to save it, and a preview that can do nothing. */
export class DetailFile {
  private readonly box = byId('detail-file', HTMLElement);
  private readonly download = byId('detail-download', HTMLAnchorElement);
  private readonly open = byId('detail-open', HTMLAnchorElement);
  private shown = '';
  private upload: DetailedUpload | null = null;

  constructor() {
    this.download.addEventListener('click', () => void this.explain(null));
  }

  /** Null: none. What is shown already stays, while all else is refreshed. */
  show(upload: DetailedUpload | null): void {
    const isThere = upload?.status === 'complete';
    this.download.hidden = !isThere;
    this.open.hidden = !isThere || upload.preview === null;
    const key = isThere ? keyOf(upload) : '';
    if (key === this.shown) return;
    this.shown = key;
    this.upload = upload;
    this.box.replaceChildren();
    if (!isThere) return;
    this.download.href = fileUrl(upload, false);
    this.open.href = fileUrl(upload, true);
    void this.preview(upload, key);
  }

  private async preview(upload: DetailedUpload, key: string): Promise<void> {
    const { preview, offset } = upload;
    const name = visible(upload.filename);
    const src = fileUrl(upload, true);
    if (preview === 'image' && offset <= IMAGE_BYTES) {
      const image = element('img', { src, alt: `Preview of ${name}` });
      image.addEventListener('error', () => void this.explain('This image cannot be shown.'));
      this.box.append(image);
    } else if (preview === 'pdf') {
      this.box.append(element('iframe', { src, title: `Preview of ${name}` }));
    } else if (preview === 'text') {
      const text = await fetchText(upload, TEXT_BYTES).catch(() => null);
      if (this.shown !== key) return;
      if (text === null) return this.explain('This text cannot be shown.');
      const pre = element('pre', { tabIndex: 0, textContent: text });
      pre.role = 'region';
      pre.ariaLabel = `Preview of ${name}`;
      this.box.append(pre);
      if (offset > TEXT_BYTES) {
        const sentence = `The first ${formatBytes(TEXT_BYTES)} of ${formatBytes(offset)}.`;
        this.box.append(element('p', { textContent: sentence }));
      }
    }
  }

  /** Says why the file cannot be had, in the server's words; if it can: `otherwise`, or nothing. */
  private async explain(otherwise: string | null): Promise<void> {
    const { upload } = this;
    if (!upload) return;
    const sentence = (await whyNoFile(upload)) ?? otherwise;
    if (sentence === null || this.upload !== upload) return;
    this.box.replaceChildren(element('p', { textContent: sentence }));
    announce(sentence);
  }
}
