import { createServer } from 'node:http';
import { uploadx } from '@uploadx/core';
import { directory, listen } from './announce.mjs';

listen(createServer(uploadx({ uploadDir: directory })));
