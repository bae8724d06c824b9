import * as common from '@nestjs/common';
import * as library from 'nestjs-chunked-upload';
import * as typeorm from 'typeorm';
import ts from 'typescript';
import { beforeAll, expect, it } from 'vitest';
import { withHost } from '../support/host.js';
import { type Readme, readme } from '../support/readmes.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const PACKAGES: Readonly<Record<string, object>> = {
  '@nestjs/common': common,
  'nestjs-chunked-upload': library,
  typeorm,
};

let page: Readme;

beforeAll(async () => {
  page = await readme('src/chunked-upload/policies/README.md');
});

/** What the block that declares this class exports, compiled as it stands. */
function exportsOf(className: string): unknown {
  const block = page.blocks.find(({ text }) => text.includes(`class ${className}`));
  const { outputText } = ts.transpileModule(block?.text ?? '', {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const exported = {};
  // eslint-disable-next-line typescript/no-implied-eval -- the documentation is what is tested
  const run = new Function('require', 'exports', outputText) as (
    require: (name: string) => object | undefined,
    exports: object,
  ) => void;
  run((name) => PACKAGES[name], exported);
  return exported;
}

it('The quota of the documentation counts bytes and unfinished uploads, of each user', async () => {
  type Exports = { QuotaPolicy: common.Type<library.UploadPolicy> };
  const { QuotaPolicy } = exportsOf('QuotaPolicy') as Exports;
  await withHost({ upload: { policies: [QuotaPolicy] } }, async (host) => {
    const ann = new UploadClient(`${host.url}/uploads`);
    const bytes = sample(100);
    const most = 50 * 1024 ** 3;

    const refusal = { status: 400, detail: { file: ['No room left.'] } };
    expect(await ann.put(`bytes 0-99/${most + 1}`, bytes)).toMatchObject(refusal);
    const { id } = await ann.begin(bytes, most - 300);
    // What is announced counts, and not the hundred bytes that are there.
    expect(await ann.put('bytes 0-99/301', bytes)).toMatchObject(refusal);
    const small = await ann.begin(bytes, 300);
    expect((await ann.as('bob').begin(bytes, most)).total).toBe(most);
    // Of uploads that count themselves there would be no room for a second chunk.
    expect((await ann.put('bytes 100-199/300', bytes, { id: small.id })).status).toBe(200);
    await host.uploads.remove(id);

    for (let n = 1; n < 20; n++) await ann.begin(bytes, 200);
    const many = { status: 400, detail: { file: ['Too many unfinished uploads.'] } };
    expect(await ann.put('bytes 0-99/200', bytes)).toMatchObject(many);
    await host.uploads.abort(small.id);
    expect((await ann.begin(bytes, 200)).total).toBe(200);
  });
});

it('The scan of the documentation holds a file back until it is clean', async () => {
  type Exports = {
    Document: common.Type<library.AbstractChunkedUpload & { clean: boolean }>;
    DocumentController: common.Type<library.ChunkedUploadController>;
  };
  const { Document, DocumentController } = exportsOf('DocumentController') as Exports;
  const types = [{ path: 'documents', entity: Document, controller: DocumentController }];
  await withHost({ types }, async (host) => {
    const client = new UploadClient(`${host.url}/documents`);
    const bytes = sample(100);
    const { id } = await client.begin(bytes, 100);
    expect((await client.complete(id, md5(bytes))).status).toBe(200);
    const file = `${host.url}/documents/${id}/file`;
    const headers = { 'x-user': 'ann' };
    for (const method of ['GET', 'HEAD']) {
      expect((await fetch(file, { method, headers })).status).toBe(409);
    }
    await host.dataSource.getRepository(Document).update(id, { clean: true });
    expect(Buffer.from(await (await fetch(file, { headers })).arrayBuffer()).equals(bytes)).toBe(
      true,
    );
  });
});
