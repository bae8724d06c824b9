import { failOption } from '../chunked-upload.errors.js';
import type {
  ChunkedUploadRootOptions,
  ChunkedUploadTypeOptions,
} from '../chunked-upload.options.js';
import { LEAST_MEMORY } from '../memory/process-memory.js';

/** What `forRoot` says of types, without what it says of the process. */
export function typeOptionsOf({
  memory: _memory,
  ...options
}: ChunkedUploadRootOptions): ChunkedUploadTypeOptions {
  return options;
}

/** In bytes. @throws TypeError that names the option */
export function memorySize(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= LEAST_MEMORY) return value as number;
  const least = `${LEAST_MEMORY} (32 MiB)`;
  return failOption('memory', `must be a whole number of bytes, at least ${least}`);
}
