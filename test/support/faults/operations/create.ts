import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { recoverBegun } from './begin.js';

/** An upload without bytes. */
export const create: Operation = {
  name: 'create',
  prepare: async (stage) => {
    const upload = PersistentUpload.on(stage);
    return {
      run: () => upload.create(stage.first),
      recover: (next, reply) => recoverBegun(stage, upload, next, reply),
    };
  },
};
