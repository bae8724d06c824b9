import { HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ChunkedUploadError, ChunkedUploadExceptionFilter } from 'nestjs-chunked-upload';
import { expect, it } from 'vitest';

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
