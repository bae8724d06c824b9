import { createServer } from 'node:http';
import { uploadx } from '@uploadx/core';
import { S3Storage } from '@uploadx/s3';
import { listen } from '../servers/announce.mjs';
import { clientConfig } from './s3-settings.mjs';

const storage = new S3Storage(clientConfig);
// Of a chunk without a sum it sends an empty one, which Ceph refuses.
storage.client.middlewareStack.add(
  (next) => (call) => {
    if (call.request.headers['content-md5'] === '') delete call.request.headers['content-md5'];
    return next(call);
  },
  { step: 'build', priority: 'low', name: 'noEmptySum' },
);

const chunks = uploadx({ storage });

listen(createServer((request, response) => chunks(request, response)));
