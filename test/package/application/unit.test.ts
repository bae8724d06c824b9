// A unit test as hosts have them, in Jest or vitest, whose globals are not among our types.
import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ChunkedUploadService, StorageProvider } from 'nestjs-chunked-upload';
import { ChunkedUpload } from 'nestjs-chunked-upload/client';
import { MemoryStorage } from 'nestjs-chunked-upload/testing';

declare const test: (name: string, work: () => Promise<void> | void) => void;

@Injectable()
class Gallery {
  constructor(private readonly uploads: ChunkedUploadService) {}

  async size(): Promise<number> {
    return (await this.uploads.find()).length;
  }
}

test('a service of the host gets another ChunkedUploadService', async () => {
  const uploads = { find: () => Promise.resolve([1, 2]) };
  const module = await Test.createTestingModule({
    providers: [Gallery, { provide: ChunkedUploadService, useValue: uploads }],
  }).compile();
  const size = await module.get(Gallery).size();
  if (size !== 2) throw new Error(`There are ${size}`);
});

test('what /testing and /client export belongs to it', () => {
  if (!(new MemoryStorage() instanceof StorageProvider)) throw new Error('There are two copies');
  const upload = new ChunkedUpload(new Blob(['a']), {
    endpoint: 'http://localhost/uploads',
    fileName: 'a.txt',
  });
  if (upload.state !== 'idle') throw new Error(upload.state);
});
