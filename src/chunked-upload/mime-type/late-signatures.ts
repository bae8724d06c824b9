// Signatures that need not stand at the very beginning of an honest file, and that file-type does
// not look for behind it.

/** What these first bytes are by a signature behind their beginning; null: nothing. */
export function lateSignature(bytes: Buffer, isText: boolean): string | null {
  if (isPdf(bytes, isText)) return 'application/pdf';
  const beginning = bytes.subarray(0, 512).toString('latin1');
  if (PRINTED.test(beginning)) return 'application/postscript';
  if (BOX.test(beginning)) return 'video/mp4';
  return hasAudioFrames(bytes) ? 'audio/mpeg' : null;
}

// Readers look for the mark in the first 1,024 bytes (ISO 32000-1, annex H, note 13): a byte order
// mark, a line end, a printer's command or a server's header may come before it.
const PDF_WITHIN = 1024;
const PDF_MARK = /%PDF-\d/;
const PDF_OBJECT = /[\r\n\s]\d+ \d+ obj\b/;

function isPdf(bytes: Buffer, isText: boolean): boolean {
  const text = bytes.toString('latin1');
  const mark = PDF_MARK.exec(text.slice(0, PDF_WITHIN));
  // A text may be about the mark: a file that is all text must go on as a PDF does.
  return mark !== null && (!isText || PDF_OBJECT.test(text.slice(mark.index)));
}

// A line's end of old printers (^D), or the commands that drivers send to new ones.
// oxlint-disable-next-line no-control-regex
const PRINTED = /^(?:\x04|\x1B%-12345X(?:@PJL[^\n]*\n)*)%!PS/;

// Of ISO media files (ISO 14496-12) and QuickTime ones, whose boxes may come in any order: what may
// come first beside the usual ones. Their size is less than 16 MiB.
const BOX = /^\0[^]{3}(?:skip|pnot|PICT|uuid|styp|sidx|moof|emsg|prft)/;

const TS_SYNC = 0x47;
// As broadcast, on discs and in cameras with a time in front, with error correction behind.
const TS_PACKETS = [188, 192, 204];
const TS_LEAST = 5;

/** Whether the bytes are an MPEG transport stream, also one that begins within a packet. */
export function isTransportStream(bytes: Uint8Array): boolean {
  return TS_PACKETS.some((size) => {
    for (let start = 0; start < size && start + size * (TS_LEAST - 1) < bytes.length; start += 1) {
      let at = start;
      while (at < bytes.length && bytes[at] === TS_SYNC) at += size;
      if (at >= bytes.length) return true;
    }
    return false;
  });
}

const KBPS = {
  v1layer3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  v1layer2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  v2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const HZ = [44_100, 48_000, 32_000];

/** Whether two frames of MPEG audio follow each other: before them, players pass over anything. */
function hasAudioFrames(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = at + frameLength(bytes, at);
    if (next > at && frameLength(bytes, next) > 0 && isAlike(bytes, at, next)) return true;
  }
  return false;
}

/** Version, layer, sampling rate and channels; the bit rate may change. */
function isAlike(bytes: Buffer, one: number, other: number): boolean {
  const constant = [0xff, 0xff, 0x0c, 0xc0];
  return constant.every((mask, at) => {
    return ((bytes[one + at] ?? 0) & mask) === ((bytes[other + at] ?? 0) & mask);
  });
}

/** Of the frame whose header (ISO 11172-3, section 2.4.1.3) stands there; 0: there is none. */
function frameLength(bytes: Buffer, at: number): number {
  const [, second = 0, third = 0] = bytes.subarray(at, at + 3);
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  const hz = HZ[(third >> 2) & 3];
  const isSync = second >> 5 === 7;
  if (!isSync || version === 1 || (layer !== 1 && layer !== 2) || hz === undefined) return 0;
  const isFirst = version === 3;
  const isLayer3 = layer === 1;
  const table = isFirst ? (isLayer3 ? KBPS.v1layer3 : KBPS.v1layer2) : KBPS.v2;
  const kbps = table[third >> 4] ?? 0;
  if (kbps === 0) return 0;
  const divided = isFirst ? hz : version === 2 ? hz / 2 : hz / 4;
  const samples = isLayer3 && !isFirst ? 72 : 144;
  return Math.floor((samples * kbps * 1000) / divided) + ((third >> 1) & 1);
}
