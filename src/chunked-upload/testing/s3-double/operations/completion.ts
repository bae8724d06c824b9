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
  const known = again(store, call);
  if (known !== null) return document(200, known);
  const upload = store.upload(bucket, key, uploadId);
  checkWrite(store, call);
  const parts = namedParts(upload, call.body.toString());
  checkParts(parts, upload, store.rules);
  const etag = etagOf(parts);
  store.uploads.delete(upload.id);
  if (!(upload.isHidden && store.rules.deletionHidesOlderUploads)) {
    const bytes = Bytes.joined(parts.map((part) => part.bytes));
    store.put(bucket, { key, bytes, etag, headers: upload.headers, uploadId });
  }
  const answer = writeXml('CompleteMultipartUploadResult', {
    Location: `/${bucket}/${key}`,
    Bucket: bucket,
    Key: key,
    ETag: store.rules.emptyCompletionETag ? '' : quoted(etag),
  });
  store.completions.set(upload.id, { key, answer });
  return document(200, answer);
}

/** The answer of a completion that comes once more, while what it made is still there. */
function again({ rules, completions, buckets }: Store, call: S3Call): string | null {
  if (rules.secondCompletion !== 'same answer') return null;
  const object = buckets.get(call.bucket)?.get(call.key);
  const isItsWork = object !== undefined && object.uploadId === call.uploadId;
  return isItsWork ? (completions.get(call.uploadId ?? '')?.answer ?? null) : null;
}

/** @throws S3Error `MalformedXML`, `InvalidPartOrder`, `InvalidPart` */
function namedParts(upload: MultipartUpload, xml: string): StoredPart[] {
  const named = readRecords(xml, 'CompleteMultipartUpload', 'Part');
  if (named.length === 0) {
    throw new S3Error(400, 'MalformedXML', 'A completion names at least one part');
  }
  let before = 0;
  return named.map((fields) => {
    const number = Number(fields.get('PartNumber'));
    if (!(number > before)) {
      throw new S3Error(400, 'InvalidPartOrder', 'Parts are named in ascending order');
    }
    before = number;
    const part = upload.parts.get(number);
    if (part && part.etag === unquoted(fields.get('ETag') ?? '')) return part;
    throw S3Error.invalidPart(`Part ${number} is not there, or has another ETag`);
  });
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
function etagOf(parts: readonly StoredPart[]): string {
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}
