import { createHash } from 'node:crypto';
import { Bytes } from '../bytes.js';
import type { S3Answer, S3Call, S3Rules } from '../s3-double.types.js';
import { S3Error } from '../s3-error.js';
import type { MultipartUpload, Store, StoredPart } from '../store.js';
import { readRecords, writeXml } from '../xml.js';
import { document, quoted, unquoted } from './answers.js';
import { checkWrite } from './conditions.js';

export function completeMultipartUpload(store: Store, call: S3Call): S3Answer {
  const { bucket, key, uploadId } = call;
  const named = namedParts(call.body.toString());
  const known = again(store, call, named);
  if (known !== null) return document(200, known);
  const upload = store.upload(call, store.rules.completionOfNoUpload);
  checkWrite(store, call);
  const parts = named.map((each) => storedPart(upload, each));
  checkParts(parts, upload, store.rules);
  const etag = etagOf(parts);
  store.uploads.delete(upload.id);
  if (!(upload.isHidden && store.rules.deletionHidesOlderUploads)) {
    const bytes = Bytes.joined(parts.map((part) => part.bytes));
    store.put(bucket, { key, bytes, etag, headers: upload.headers, uploadId });
  }
  const answer = result(call, store.rules.emptyCompletionETag ? '' : quoted(etag));
  store.completions.set(upload.id, answer);
  return document(200, answer);
}

type NamedPart = Pick<StoredPart, 'number' | 'etag'>;

function result({ bucket, key }: S3Call, etag: string): string {
  return writeXml('CompleteMultipartUploadResult', {
    Location: `/${bucket}/${key}`,
    Bucket: bucket,
    Key: key,
    ETag: etag,
  });
}

/** The answer of a completion that comes once more, while what it made is still there. */
function again(
  { rules, completions, buckets, uploads }: Store,
  call: S3Call,
  named: readonly NamedPart[],
): string | null {
  const uploadId = call.uploadId ?? '';
  const object = buckets.get(call.bucket)?.get(call.key);
  if (!object || uploads.has(uploadId)) return null;
  if (rules.secondCompletion === 'same answer' && object.uploadId === uploadId) {
    return completions.get(uploadId) ?? null;
  }
  const isAlike = rules.secondCompletion === 'same parts' && object.etag === etagOf(named);
  return isAlike ? result(call, object.etag) : null;
}

/** @throws S3Error `MalformedXML`, `InvalidPartOrder` */
function namedParts(xml: string): NamedPart[] {
  const records = readRecords(xml, 'CompleteMultipartUpload', 'Part');
  const named = records.map((fields) => ({
    number: Number(fields.get('PartNumber')),
    etag: unquoted(fields.get('ETag') ?? ''),
  }));
  if (named.length === 0) {
    throw new S3Error(400, 'MalformedXML', 'A completion names at least one part');
  }
  if (named.every(({ number }, index) => number > (named[index - 1]?.number ?? 0))) return named;
  throw new S3Error(400, 'InvalidPartOrder', 'Parts are named in ascending order');
}

/** @throws S3Error `InvalidPart` */
function storedPart({ parts }: MultipartUpload, { number, etag }: NamedPart): StoredPart {
  const part = parts.get(number);
  if (part?.etag === etag) return part;
  throw S3Error.invalidPart(`Part ${number} is not there, or has another ETag`);
}

/** @throws S3Error `EntityTooSmall`, `InvalidPart` */
function checkParts(
  parts: readonly StoredPart[],
  upload: MultipartUpload,
  { minPartSize, partSizes, completion }: S3Rules,
): void {
  const sizes = parts.map(({ bytes }) => bytes.length);
  const [first = 0] = sizes;
  if (sizes.slice(0, -1).some((size) => size < minPartSize)) {
    throw new S3Error(400, 'EntityTooSmall', `All but the last have ${minPartSize} bytes at least`);
  }
  const isEqual = sizes.slice(0, -1).every((size) => size === first);
  if (partSizes !== 'free' && !(isEqual && (sizes.at(-1) ?? 0) <= first)) {
    throw S3Error.invalidPart('All non-trailing parts must have the same length');
  }
  if (completion !== 'some' && parts.length !== upload.parts.size) {
    throw S3Error.invalidPart(`${upload.parts.size} parts are there, ${parts.length} are named`);
  }
  if (completion === 'every in sequence' && parts.at(-1)?.number !== parts.length) {
    throw S3Error.invalidPart('Part numbers must have no gaps');
  }
}

/** Of the digests of all parts, and how many they are. */
function etagOf(parts: readonly NamedPart[]): string {
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}
