import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUploadId } from '../../src/chunked-upload/upload-id.js';

const id = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('parseUploadId', () => {
  it.each([id, id.toUpperCase(), id.replaceAll('-', ''), id.replace('-', '')])(
    'reads %s',
    (text) => {
      expect(parseUploadId(text)).toBe(id);
    },
  );

  it.each([
    '',
    'none',
    `${id}0`,
    ` ${id}`,
    `${id}\n`,
    `{${id}}`,
    id.replace('0', 'g'),
    '1'.repeat(5000),
  ])('%j is none', (text) => {
    expect(parseUploadId(text)).toBeNull();
  });

  it('reads every UUID', () => {
    fc.assert(fc.property(fc.uuid(), (uuid) => parseUploadId(uuid.toUpperCase()) === uuid));
  });
});
