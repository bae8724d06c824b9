import { describe, expect, it } from 'vitest';
import { optionalPackage } from '../../src/chunked-upload/protocols/content-range/openapi/optional-package.js';

const missing = (name: string) =>
  Object.assign(new Error(`Cannot find package '${name}' imported from /app/a.js`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });

describe('optionalPackage', () => {
  it('hands over what is installed', async () => {
    expect(await optionalPackage('fresh', () => import('fresh'))).toHaveProperty('default');
  });

  it('is null for a package that is not installed', async () => {
    // @ts-expect-error There is no such package.
    const load = (): Promise<unknown> => import('there-is-no-such-package');
    expect(await optionalPackage('there-is-no-such-package', load)).toBeNull();
    expect(await optionalPackage('a', () => Promise.reject(missing('a')))).toBeNull();
  });

  it('throws for one that is installed and broken', async () => {
    const load = () => Promise.reject(missing('what-a-needs'));
    await expect(optionalPackage('a', load)).rejects.toThrow('what-a-needs');
    const failing = () => Promise.reject(new SyntaxError('Unexpected token'));
    await expect(optionalPackage('a', failing)).rejects.toThrow('Unexpected token');
  });
});
