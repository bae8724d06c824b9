import { createServer } from 'node:http';
import { join } from 'node:path';
import { multipart, uploadx } from '@uploadx/core';
import { directory, listen, options } from './announce.mjs';
import { verify } from './verify.mjs';

const verified = {
  onComplete: async ({ name, bytesWritten, metadata }) => {
    await verify(join(directory, name), metadata.md5);
    return { bytesWritten };
  },
};

const settings = { uploadDir: directory, ...(options.verify && verified) };
const chunks = uploadx(settings);
const forms = multipart(settings);

listen(
  createServer((request, response) => {
    (request.url.startsWith('/forms') ? forms : chunks)(request, response);
  }),
);
