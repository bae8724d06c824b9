import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';

export const append: Operation = {
  name: 'append',
  prepare: async (stage) => {
    const upload = await PersistentUpload.begun(stage);
    return {
      run: () => upload.sendRest(stage.first),
      recover: async (next) => {
        await upload.finish(next);
        return [upload];
      },
    };
  },
};
