// As a host would write them: the types of the parameters come from the package.
import type { Request } from 'express';
import { AbstractChunkedUpload, type ChunkedUploadOptions } from 'nestjs-chunked-upload';

class Video extends AbstractChunkedUpload {
  title = '';
}

export const plain: ChunkedUploadOptions = {
  user: (request) => request.user?.id ?? null,
  maxBytes: ({ creator }) => (creator === null ? 1000 : null),
  onComplete: async (upload, { manager }) => {
    await manager.query('SELECT $1', [upload.id]);
    return { name: upload.filename };
  },
};

export const own: ChunkedUploadOptions = {
  entity: Video,
  user: (request: Request & { session: { userId: number } }) => request.session.userId,
  onComplete: (upload: Video) => ({ title: upload.title }),
};
