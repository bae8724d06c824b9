import type { ChunkedUploadExtras } from '../chunked-upload.options.js';

/** What further types take over from `forRoot` of what must be known early. */
export type InheritedOptions = Pick<ChunkedUploadExtras, 'dataSource' | 'imports'>;

// A feature's decorator is evaluated before the one that calls `forRoot`, and modules are put
// together before anything can be injected: so this is kept the way TypeORM keeps the entities of
// `forFeature`. Of several applications in a process it is that of the one which is scanned, if that
// imports `forRoot` before its features; else of the one whose `forRoot` was called last.
let current: InheritedOptions = {};

export function setInheritedOptions(options: InheritedOptions): void {
  current = options;
}

/** To be asked when Nest scans the modules: every decorator has been evaluated then. */
export function inheritedOptions(): InheritedOptions {
  return current;
}
