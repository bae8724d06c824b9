import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { announce, directory } from './announce.mjs';

const tus = new Server({ path: '/files', datastore: new FileStore({ directory }) });
const server = tus.listen({ host: '127.0.0.1', port: 0 }, () => announce(server));
