// A host application as a process in which things go wrong: it reports each call of its storage to
// its parent, which says what becomes of it. The calls of the service that no route offers come by
// the same way.
import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Entity, PrimaryColumn } from 'typeorm';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadModule,
  ChunkedUploadService,
  InjectChunkedUpload,
  LocalDiskStorage,
} from '../../../dist/index.js';
import { S3Storage } from '../../../dist/chunked-upload/storage/s3/index.js';
import '../r2-name.mjs';
import { reportingStorage } from './reporting-storage.mjs';

const {
  databaseUrl,
  storage: place,
  makeTables,
  lateMs,
  upload,
} = JSON.parse(process.env.FAULT_HOST);

// Whoever started it has ended.
process.on('disconnect', () => process.exit());

let calls = 0;
const waiting = new Map();

function report(name) {
  const call = (calls += 1);
  process.send({ kind: 'enter', call, name });
  return new Promise((resolve) => waiting.set(call, resolve));
}

const hanging = new Set();

function hang() {
  return new Promise((resolve) => hanging.add(resolve));
}

function done() {
  process.send({ kind: 'leave' });
}

// Nothing runs decorators here: they are called.
class HookedUpload extends AbstractChunkedUpload {}
Entity('hooked_upload')(HookedUpload);

class Person {}
Entity('person')(Person);
PrimaryColumn('int')(Person.prototype, 'id');

/** Its own row commits with the upload, or not at all. */
async function onComplete({ id }, { manager }) {
  await manager.query('INSERT INTO completions (upload_id) VALUES ($1)', [id]);
  return { completed: id, at: Date.now() };
}

function userOf({ headers }) {
  const [, encoded] = (headers.authorization ?? '').split(' ');
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString().split(':')[0];
}

/** Of a store the requests themselves go wrong, and not the calls of the storage. */
function makeStorage() {
  const { root, bucket, connection } = place;
  if (bucket !== undefined) return new S3Storage({ bucket, ...connection });
  return reportingStorage(new LocalDiskStorage({ root }), { report, done, hang, lateMs });
}

async function start(options) {
  class Services {
    constructor(files, hooked) {
      this.files = files;
      this.hooked = hooked;
    }
  }
  Injectable()(Services);
  Inject(ChunkedUploadService)(Services, undefined, 0);
  InjectChunkedUpload(HookedUpload)(Services, undefined, 1);
  class HostModule {}
  const storage = makeStorage();
  const hooked = {
    path: 'uploads/hooked',
    entity: HookedUpload,
    onComplete,
    owners: { person: { entity: Person, canAttach: () => true } },
  };
  Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: databaseUrl,
        entities: [ChunkedUpload, HookedUpload, Person],
        synchronize: makeTables,
        // Many of them start at once.
        retryAttempts: 3,
        retryDelay: 500,
        connectTimeoutMS: 3000,
      }),
      ChunkedUploadModule.forRoot({
        path: 'uploads/files',
        storage,
        user: userOf,
        cleanup: false,
        ...options,
      }),
      ChunkedUploadModule.forFeature([hooked]),
    ],
    providers: [Services],
  })(HostModule);
  const app = await NestFactory.create(HostModule, {
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  return { app, services: app.get(Services) };
}

/** Without those of the options that this version does not know yet. */
async function startWithKnown(options) {
  try {
    return await start(options);
  } catch (error) {
    const [, unknown] = /option "(\w+)" is not an option/.exec(error.message) ?? [];
    if (unknown === undefined || !(unknown in options)) throw error;
    const { [unknown]: _, ...known } = options;
    return startWithKnown(known);
  }
}

const { app, services } = await startWithKnown(upload);

process.on('message', (message) => void receive(message));

async function receive({ kind, call, fault, type, method, args }) {
  if (kind === 'fault') {
    waiting.get(call)?.(fault);
    waiting.delete(call);
  }
  if (kind === 'release') for (const resolve of hanging) resolve();
  if (kind !== 'call') return;
  try {
    const value = await services[type][method](...args);
    process.send({ kind: 'answer', call, code: null, value: value ?? null });
  } catch (error) {
    process.send({ kind: 'answer', call, code: error.code ?? 'bug', value: error.message });
  }
}

const { port } = app.getHttpServer().address();
process.send({ kind: 'listening', url: `http://127.0.0.1:${port}` });
