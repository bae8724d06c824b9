import { describe, expect, it } from 'vitest';
import { FormParts } from '../../src/chunked-upload/protocols/http/form-parts.js';
import { MultipartParser } from '../../src/chunked-upload/protocols/http/multipart-parser.js';
import { keptBy } from '../support/kept-by.js';

const MIB = 1024 * 1024;

const fieldHead = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`;

/** A form that is still coming. */
function start() {
  const fields = new Map<string, string>();
  const parts = new FormParts(['file'], {
    field: (name, value) => fields.set(name, value),
    file: () => undefined,
    fileBytes: () => undefined,
    otherFile: () => undefined,
  });
  const parser = new MultipartParser('b', parts);
  return { fields, parts, parser };
}

describe('A form that is still coming', () => {
  it.each([
    ['in pieces of one byte', 'x', 1],
    ['of lines that look like boundaries', '\r\n--ba', 16 * 1024],
  ])('holds of an unfinished field what it says: %s', async (_, text, length) => {
    const value = Buffer.from(text.repeat(63_000 / text.length));
    const { result: forms, bytes } = await keptBy(() =>
      Array.from({ length: 20 }, () => {
        const form = start();
        form.parser.write(Buffer.from(fieldHead('a')));
        for (let at = 0; at < value.length; at += length) {
          // Each in memory of its own, as they come from a socket.
          form.parser.write(Buffer.from(value.subarray(at, at + length)));
        }
        return form;
      }),
    );
    expect(bytes).toBeLessThan(20 * 2 * 63_000 + MIB);
    const said = forms.reduce((sum, { parts, parser }) => sum + parts.held + parser.held, 0);
    expect(said).toBeGreaterThan(20 * 62_000);
    // What a collection leaves differs with the version of Node.
    expect(bytes).toBeLessThan(said + 2 * MIB);
  });

  it('holds of names no more than these, whatever comes behind them', async () => {
    const { result: forms, bytes } = await keptBy(() =>
      Array.from({ length: 500 }, (_, at) => {
        const form = start();
        // Without quotes, as a part of the header's text.
        const name = `a-name-of-some-letters-${at}`;
        const field = `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\nvalue\r\n`;
        const file = `--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`;
        form.parser.write(Buffer.from(field + file + 'x'.repeat(60_000)));
        return form;
      }),
    );
    expect(forms.every(({ fields }) => fields.size === 1)).toBe(true);
    expect(bytes).toBeLessThan(4 * MIB);
  });
});
