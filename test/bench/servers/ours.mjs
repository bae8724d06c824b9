import { LocalDiskStorage } from '../../../dist/index.js';
import { directory, options } from './announce.mjs';
import { serveOurs } from './ours-module.mjs';

await serveOurs(new LocalDiskStorage({ root: directory, fsync: options.fsync }));
