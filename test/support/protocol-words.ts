import { FILES } from './chunk-request.js';

/** How a protocol says what all of them can say. */
export interface ProtocolWords {
  readonly name: string;
  /** Whether what has come of a chunk that breaks is kept. */
  readonly keepsBroken: boolean;
  readonly accepted: number;
  /** Statuses of a chunk that another one at its offset was preferred to. */
  readonly refused: readonly number[];
  create(total: number): Words & { readonly body?: string };
  chunk(id: string, chunk: ChunkWords): Words;
  /** What tells the offset. */
  head(id: string): Words;
}

export interface ChunkWords {
  readonly offset: number;
  readonly length: number;
  /** Size of the whole file; null where it is not said. */
  readonly total: number | null;
}

export interface Words {
  readonly method: string;
  /** Below the server's URL. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

const NAME = '?filename=a.bin';

const filePond: ProtocolWords = {
  name: 'FilePond',
  keepsBroken: false,
  accepted: 204,
  refused: [400, 423],
  create: (total) => ({
    method: 'POST',
    target: FILES + NAME,
    headers: {
      'upload-length': String(total),
      'content-type': 'multipart/form-data; boundary=b',
    },
    body: '--b\r\ncontent-disposition: form-data; name="filepond"\r\n\r\n{}\r\n--b--\r\n',
  }),
  chunk: (id, { offset, total }) => ({
    method: 'PATCH',
    target: `${FILES}?patch=${id}`,
    headers: {
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
      'upload-name': 'a.bin',
      ...(total === null ? {} : { 'upload-length': String(total) }),
    },
  }),
  head: (id) => ({ method: 'HEAD', target: `${FILES}?patch=${id}`, headers: {} }),
};

const TUS = { 'tus-resumable': '1.0.0' };

export const tus: ProtocolWords = {
  name: 'tus',
  keepsBroken: true,
  accepted: 204,
  refused: [409, 423],
  create: (total) => ({
    method: 'POST',
    target: FILES,
    headers: { ...TUS, 'upload-length': String(total), 'upload-metadata': 'filename YS5iaW4=' },
  }),
  chunk: (id, { offset, total }) => ({
    method: 'PATCH',
    target: `${FILES}/${id}`,
    headers: {
      ...TUS,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
      ...(total === null ? {} : { 'upload-length': String(total) }),
    },
  }),
  head: (id) => ({ method: 'HEAD', target: `${FILES}/${id}`, headers: TUS }),
};

const DRAFT = { 'upload-draft-interop-version': '8' };

const draft: ProtocolWords = {
  name: 'IETF draft',
  keepsBroken: true,
  accepted: 204,
  refused: [409, 423],
  create: (total) => ({
    method: 'POST',
    target: FILES + NAME,
    headers: { ...DRAFT, 'upload-complete': '?0', 'upload-length': String(total) },
  }),
  chunk: (id, { offset, total }) => ({
    method: 'PATCH',
    target: `${FILES}/${id}`,
    headers: {
      ...DRAFT,
      'upload-complete': '?0',
      'upload-offset': String(offset),
      'content-type': 'application/partial-upload',
      ...(total === null ? {} : { 'upload-length': String(total) }),
    },
  }),
  head: (id) => ({ method: 'HEAD', target: `${FILES}/${id}`, headers: DRAFT }),
};

/** The contract's own. */
export const contentRange: ProtocolWords = {
  name: 'Content-Range',
  keepsBroken: true,
  accepted: 200,
  refused: [400, 423],
  create: (total) => ({
    method: 'PUT',
    target: FILES + NAME,
    headers: { 'content-range': `bytes */${total}` },
  }),
  chunk: (id, { offset, length, total }) => ({
    method: 'PUT',
    target: `${FILES}/${id}`,
    headers: {
      'content-type': 'application/octet-stream',
      'content-range': `bytes ${offset}-${offset + length - 1}/${total ?? '*'}`,
    },
  }),
  head: (id) => ({ method: 'HEAD', target: `${FILES}/${id}`, headers: {} }),
};

/** The others. */
export const PROTOCOLS: readonly ProtocolWords[] = [tus, filePond, draft];
