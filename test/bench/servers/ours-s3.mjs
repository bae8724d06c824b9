import { S3Storage } from '../../../dist/chunked-upload/storage/s3/index.js';
import { S3_ACCESS } from '../support/store.mjs';
import { serveOurs } from './ours-module.mjs';

await serveOurs(new S3Storage({ bucket: process.env.BENCH_BUCKET, ...S3_ACCESS }));
