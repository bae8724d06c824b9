import { HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ChunkedUploadError, ChunkedUploadExceptionFilter } from 'nestjs-chunked-upload';
import { expect, it } from 'vitest';
import { STATUS } from '../../src/chunked-upload/protocols/http/chunked-upload-exception.filter.js';
import { readme } from '../support/readmes.js';

it.each(['rpc', 'ws', 'graphql'])(
  'The filter leaves what a handler of %s throws as it is',
  (type) => {
    const filter = new ChunkedUploadExceptionFilter(new HttpAdapterHost());
    const host = new ExecutionContextHost([]);
    host.setType(type);
    const error = ChunkedUploadError.notFound();
    expect(() => filter.catch(error, host)).toThrow(error);
  },
);

it('The documentation has every code, and its status', async () => {
  const { text } = await readme('src/chunked-upload/README.md');
  const rows = [...text.matchAll(/^\| (\d{3}) +\| (.+)$/gm)];
  const documented = rows.flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)].map(([, code = '']) => [code, Number(status)]),
  );
  expect(Object.fromEntries(documented)).toEqual(STATUS);
});
