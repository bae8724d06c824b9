/** Side of a picture, in pixels of a screen with two for each of CSS. */
const SIDE = 96;

/** Larger ones take long to read, and would be read for a picture as small as a stamp. */
const LARGEST = 64 * 1024 * 1024;

/** Decoding takes the memory of the whole picture. */
const AT_ONCE = 2;

const KEPT = 200;

/** Of the formats that every browser knows. SVG is left out: it may be anything, also slow. */
const PICTURE = /^image\/(?:avif|bmp|gif|jpeg|png|webp|x-icon)$/;

/**
 * Small pictures of images, drawn here from the files themselves: on a canvas, because a page whose
 * Content-Security-Policy is strict shows no other. The newest ones are kept.
 */
export class Thumbnails {
  private readonly made = new Map<Blob, ImageBitmap | null>();
  private readonly wanted = new Map<Blob, (picture: ImageBitmap) => void>();
  private running = 0;

  /** Calls back once there is a picture, at once where it is kept; never for what is none. */
  want(file: Blob, show: (picture: ImageBitmap) => void): void {
    if (!PICTURE.test(file.type) || file.size > LARGEST) return;
    const kept = this.made.get(file);
    if (kept) show(kept);
    if (kept !== undefined) return;
    this.wanted.set(file, show);
    this.next();
  }

  /** The row is out of sight. */
  leave(file: Blob): void {
    this.wanted.delete(file);
  }

  private next(): void {
    // What was scrolled to last is what is looked at.
    const [file, show] = [...this.wanted].at(-1) ?? [];
    if (!file || !show || this.running >= AT_ONCE) return;
    this.wanted.delete(file);
    this.running += 1;
    this.draw(file)
      .then((picture) => {
        this.keep(file, picture);
        show(picture);
      })
      .catch(() => this.keep(file, null))
      .finally(() => {
        this.running -= 1;
        this.next();
      });
  }

  private async draw(file: Blob): Promise<ImageBitmap> {
    const whole = await createImageBitmap(file);
    const { height, width } = whole;
    const side = Math.min(width, height);
    const [x, y] = [(width - side) / 2, (height - side) / 2];
    const size = Math.min(SIDE, side);
    const options = { resizeWidth: size, resizeHeight: size, resizeQuality: 'medium' } as const;
    const picture = await createImageBitmap(whole, x, y, side, side, options);
    whole.close();
    return picture;
  }

  private keep(file: Blob, picture: ImageBitmap | null): void {
    this.made.set(file, picture);
    const [oldest] = this.made.keys();
    if (this.made.size <= KEPT || !oldest) return;
    this.made.delete(oldest);
  }
}

/** Puts a picture on a canvas. */
export function paint(canvas: HTMLCanvasElement, picture: ImageBitmap): void {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
}
