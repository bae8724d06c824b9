import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ChunkedUploadError } from '../chunked-upload/chunked-upload.errors.js';
import { databaseFailure } from '../chunked-upload/database/database-failure.js';
import { sentence } from './sentence.js';

/**
 * Fails as soon as a data source of `start` cannot be initialized: Nest's TypeOrmModule would try again
 * for half a minute and say so each time, as is right for a server and not for a command.
 */
export async function failAtOnce<R>(start: () => Promise<R>): Promise<R> {
  // oxlint-disable-next-line typescript/unbound-method -- It is called with its own object.
  const { initialize } = DataSource.prototype;
  let fail!: (error: Error) => void;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  DataSource.prototype.initialize = async function (this: DataSource) {
    try {
      return await initialize.call(this);
    } catch (error) {
      Logger.overrideLogger(false);
      fail(described(this, error));
      throw error;
    }
  };
  try {
    return await Promise.race([start(), failure]);
  } finally {
    DataSource.prototype.initialize = initialize;
  }
}

function described({ options }: DataSource, error: unknown): Error {
  try {
    return databaseFailure(error);
  } catch (failure) {
    if (failure instanceof ChunkedUploadError) return failure;
    // TypeORM 1 has no such option any more; Nest still tells several apart by it.
    const { name } = options as { readonly name?: string };
    const which = name === undefined ? '' : ` "${name}"`;
    return new Error(`The data source${which} does not start: ${sentence(failure)}`, {
      cause: failure,
    });
  }
}
