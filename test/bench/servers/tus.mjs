import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { announce, directory, options } from './announce.mjs';
import { verify } from './verify.mjs';

const verified = {
  async onUploadFinish(_, { storage, metadata }) {
    await verify(storage.path, metadata.md5).catch(({ message }) => {
      throw { status_code: 422, body: message };
    });
    return {};
  },
};

const tus = new Server({
  path: '/files',
  datastore: new FileStore({ directory }),
  ...(options.verify && verified),
});
const server = tus.listen({ host: '127.0.0.1', port: 0 }, () => announce(server));
