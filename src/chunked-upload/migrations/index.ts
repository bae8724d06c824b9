import { CreateChunkedUpload1763769600000 } from './1763769600000-create-chunked-upload.js';
import { UpdateChunkedUpload1764115200000 } from './1764115200000-update-chunked-upload.js';

/** The migrations of the table of `ChunkedUpload`, for the `migrations` of your data source. */
export const chunkedUploadMigrations = [
  CreateChunkedUpload1763769600000,
  UpdateChunkedUpload1764115200000,
];
