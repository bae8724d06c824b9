import { type ChecksumAlgorithm } from '../file-checksum.js';
import { type Credentials } from '../transport.js';

/** The attributes that the element looks at. */
export const ATTRIBUTES = [
  'accept',
  'at-once',
  'checksum',
  'chunk-size',
  'credentials',
  'endpoint',
  'lang',
  'max-bytes',
  'max-files',
  'min-bytes',
  'scope',
  'stored',
] as const;

export type AttributeName = (typeof ATTRIBUTES)[number];

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** What the attributes of the element say, read when it is needed. */
export class Settings {
  constructor(private readonly host: HTMLElement) {}

  /** Where files are sent; `null`: nowhere yet. */
  get endpoint(): string | null {
    return this.text('endpoint') || null;
  }

  get accept(): string {
    return this.text('accept');
  }

  get scope(): string {
    return this.text('scope');
  }

  get checksum(): ChecksumAlgorithm | false | undefined {
    const given = this.text('checksum');
    if (given === '') return undefined;
    return given === 'none' ? false : (given as ChecksumAlgorithm);
  }

  get credentials(): Credentials {
    return (this.text('credentials') || 'same-origin') as Credentials;
  }

  get chunkSize(): number | undefined {
    return this.bytes('chunk-size') ?? undefined;
  }

  get atOnce(): number {
    return this.count('at-once') ?? 3;
  }

  get maxFiles(): number | null {
    return this.count('max-files');
  }

  get minBytes(): number | null {
    return this.bytes('min-bytes');
  }

  get maxBytes(): number | null {
    return this.bytes('max-bytes');
  }

  /** Whether the files are shown that the caller has stored before. */
  get showsStored(): boolean {
    return this.text('stored') !== 'off';
  }

  /** Of the element, or of what it is in. */
  get language(): string {
    const { host } = this;
    const root = host.getRootNode();
    const around = root instanceof ShadowRoot ? root.host : host;
    const marked = host.closest<HTMLElement>('[lang]') ?? around.closest<HTMLElement>('[lang]');
    return marked?.lang ?? '';
  }

  private text(name: AttributeName): string {
    return this.host.getAttribute(name)?.trim() ?? '';
  }

  private count(name: AttributeName): number | null {
    const number = Number(this.text(name));
    return Number.isSafeInteger(number) && number > 0 ? number : null;
  }

  /** A number, or one with a unit: `500k`, `50M`, `2 GiB`. */
  private bytes(name: AttributeName): number | null {
    const [, number, unit = ''] =
      /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(this.text(name)) ?? [];
    return number === undefined
      ? null
      : Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? 1));
  }
}
