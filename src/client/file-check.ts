const LONGEST_QUOTE = 100;

/** @throws TypeError that says how a file is come by, for what is neither a `File` nor a `Blob` */
export function requireFile(given: unknown): asserts given is Blob {
  if (isBlob(given)) return;
  throw new TypeError(`ChunkedUpload takes a File or a Blob, ${instead(given)}`);
}

/** Also one of another realm, or of a package. */
function isBlob(value: unknown): value is Blob {
  const { size, slice, arrayBuffer } = Object(value) as Partial<Blob>;
  return (
    typeof size === 'number' && [slice, arrayBuffer].every((each) => typeof each === 'function')
  );
}

function instead(given: unknown): string {
  if (typeof given === 'string') {
    const path = JSON.stringify(given.slice(0, LONGEST_QUOTE));
    return `not a path. In Node: await openAsBlob(${path}) of node:fs, with the option fileName`;
  }
  if (given === undefined || given === null) {
    return `not ${String(given)}. Has a file been chosen? In a page: input.files[0]`;
  }
  if (ArrayBuffer.isView(given) || given instanceof ArrayBuffer) {
    return 'not raw bytes. Wrap them: new Blob([bytes]), with the option fileName';
  }
  const { length, pipe, getReader } = Object(given) as Record<string, unknown>;
  if (typeof pipe === 'function' || typeof getReader === 'function') {
    return 'not a stream, because a stream cannot be sent twice. In Node: await openAsBlob(path) of node:fs';
  }
  if (typeof length === 'number') return 'and one at a time. In a page: input.files[0]';
  return `not ${Object.prototype.toString.call(given)}. In a page: input.files[0]`;
}
