import { S3_ACCESS } from '../support/store.mjs';

/** What every client of the SDK has to be told here: no sums that not every store understands. */
export const clientConfig = {
  bucket: process.env.BENCH_BUCKET,
  ...S3_ACCESS,
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
};
