import '../loaded-once.js';
export { fileFromPath } from './file-from-path.js';
export { FileStorage } from './file-storage.js';
export { uploadFile, uploadStream } from './upload-file.js';
