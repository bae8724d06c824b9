import { failOption } from '../chunked-upload.errors.js';
import type {
  ChunkedUploadRootOptions,
  ChunkedUploadTypeOptions,
} from '../chunked-upload.options.js';
import { requireOptions } from './early-options.js';
import { DEFAULT_MEMORY, LEAST_MEMORY } from '../memory/process-memory.js';

/** What a factory must have returned. @throws TypeError */
export function requireMade(made: object): void {
  const right = 'a factory that returns an object of options, such as { expiresIn: "2d" }';
  requireOptions(made, 'forRootAsync', right);
}

/** What `forRoot` says of types, without what it says of the process. @throws TypeError */
export function typeOptionsOf(options: ChunkedUploadRootOptions): ChunkedUploadTypeOptions {
  requireMade(options);
  const { memory: _memory, ...ofTypes } = options;
  return ofTypes;
}

/** The option `memory`, in bytes. @throws TypeError that names it */
export function memoryOf(options: ChunkedUploadRootOptions): number {
  requireMade(options);
  const { memory: value = DEFAULT_MEMORY }: { readonly memory?: unknown } = options;
  if (Number.isSafeInteger(value) && (value as number) >= LEAST_MEMORY) return value as number;
  const least = `${LEAST_MEMORY} (32 MiB)`;
  return failOption(
    'memory',
    `must be a whole number of bytes, at least ${least}, such as 128 * 1024 * 1024`,
  );
}
