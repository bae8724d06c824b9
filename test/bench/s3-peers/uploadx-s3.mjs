import { createServer } from 'node:http';
import { uploadx } from '@uploadx/core';
import { S3Storage } from '@uploadx/s3';
import { listen } from '../servers/announce.mjs';
import { clientConfig } from './s3-settings.mjs';

const chunks = uploadx({ storage: new S3Storage(clientConfig) });

listen(createServer((request, response) => chunks(request, response)));
