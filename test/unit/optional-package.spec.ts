import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { nullIfMissing } from '../../src/chunked-upload/protocols/content-range/openapi/optional-package.js';

const missing = (name: string) =>
  Object.assign(new Error(`Cannot find package '${name}' imported from /app/a.js`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });

describe('nullIfMissing', () => {
  it('is null for a package that is not installed', async () => {
    const name = 'there-is-no-such-package';
    // @ts-expect-error There is no such package.
    const error: unknown = await import('there-is-no-such-package').catch((reason) => reason);
    expect(nullIfMissing(name, error)).toBeNull();
    expect(nullIfMissing('a', missing('a'))).toBeNull();
  });

  it('is null for one that CommonJS does not find', () => {
    const require = createRequire(import.meta.url);
    let error: unknown;
    try {
      require('there-is-no-such-package');
    } catch (reason) {
      error = reason;
    }
    expect(nullIfMissing('there-is-no-such-package', error)).toBeNull();
  });

  it('throws for one that is installed and broken', () => {
    expect(() => nullIfMissing('a', missing('what-a-needs'))).toThrow('what-a-needs');
    const failure = new SyntaxError('Unexpected token');
    expect(() => nullIfMissing('a', failure)).toThrow(failure);
  });
});
