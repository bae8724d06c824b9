import { type ChosenFile, chosenBy, hasFiles } from './chosen-files.js';

/**
 * Takes files wherever they are dropped on the page, and pasted ones. Beside the place that takes
 * them a browser would leave the page for them, and the uploads with it.
 */
export class DropTarget {
  private readonly stopping = new AbortController();
  /** Whether something of the page itself is dragged: a browser says of its pictures that they are files. */
  private isOwn = false;
  private leaving: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param host the element that takes them
   * @param takes asked whether files are wanted now
   * @param dragging told when files come over the page and go
   */
  constructor(
    private readonly host: HTMLElement,
    private readonly takes: () => boolean,
    private readonly dragging: (isOver: boolean) => void,
    private readonly take: (files: ChosenFile[]) => void,
  ) {
    const { signal } = this.stopping;
    const page = host.ownerDocument;
    // A page may prevent a drag to make one of its own, of which nobody tells the end.
    page.addEventListener('dragstart', (event) => this.drag(!event.defaultPrevented), { signal });
    page.addEventListener('dragend', () => this.drag(false), { signal, capture: true });
    // The end of a drag is not told where what was dragged has gone from the page meanwhile.
    page.addEventListener('mousemove', ({ buttons }) => buttons === 0 && this.drag(false), {
      signal,
      capture: true,
    });
    page.addEventListener('dragenter', (event) => this.hover(event), { signal });
    page.addEventListener('dragover', (event) => this.hover(event), { signal });
    page.addEventListener('dragleave', (event) => this.leave(event), { signal });
    page.addEventListener('drop', (event) => this.drop(event), { signal });
    page.addEventListener('paste', (event) => this.paste(event), { signal });
  }

  stop(): void {
    this.stopping.abort();
    this.end();
  }

  private drag(isOwn: boolean): void {
    this.isOwn = isOwn;
  }

  private hover(event: DragEvent): void {
    if (!this.allow(event)) return;
    clearTimeout(this.leaving);
    this.dragging(true);
  }

  private allow(event: DragEvent): boolean {
    // A place of the page's own that takes files has said so by now.
    if (!hasFiles(event.dataTransfer) || event.defaultPrevented || this.isOwn) return false;
    if (this.isForAnother(event)) return false;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = this.takes() ? 'copy' : 'none';
    return this.takes();
  }

  /** Safari tells this for every element that is left, as if it were the window. */
  private leave({ relatedTarget }: DragEvent): void {
    if (relatedTarget !== null) return;
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.end(), 100);
  }

  private drop(event: DragEvent): void {
    this.end();
    if (this.allow(event)) void this.give(event.dataTransfer);
  }

  private paste(event: ClipboardEvent): void {
    if (!hasFiles(event.clipboardData) || event.defaultPrevented || !this.takes()) return;
    if (isWriting(event)) return;
    event.preventDefault();
    void this.give(event.clipboardData);
  }

  private async give(transfer: DataTransfer | null): Promise<void> {
    const files = await chosenBy(transfer);
    if (files.length > 0) this.take(files);
  }

  /** Of several on a page the one that the files are over takes them, elsewhere the first. */
  private isForAnother(event: Event): boolean {
    const { localName } = this.host;
    const over = event.composedPath().find((each) => {
      return each instanceof HTMLElement && each.localName === localName;
    });
    return over !== undefined && over !== this.host;
  }

  private end(): void {
    clearTimeout(this.leaving);
    this.dragging(false);
  }
}

/**
 * Whether a paste is meant for where somebody writes. With a text that was copied, office programs put a picture
 * of it into the clipboard.
 */
function isWriting(event: ClipboardEvent): boolean {
  const [target] = event.composedPath();
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return isField && (event.clipboardData?.types.includes('text/plain') ?? false);
}
