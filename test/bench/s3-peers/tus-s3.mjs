import { S3Store } from '@tus/s3-store';
import { Server } from '@tus/server';
import { announce } from '../servers/announce.mjs';
import { clientConfig } from './s3-settings.mjs';

const datastore = new S3Store({ s3ClientConfig: clientConfig });
const tus = new Server({ path: '/files', datastore });
const server = tus.listen({ host: '127.0.0.1', port: 0 }, () => announce(server));
