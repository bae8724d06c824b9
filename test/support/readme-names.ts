// What short snippets of the READMEs take for granted: names of an application around them. The test
// that compiles the snippets imports from here what they use and do not say.
import type { CanActivate, INestApplication, Type } from '@nestjs/common';
import type { Uppy } from '@uppy/core';
import {
  AbstractChunkedUpload,
  type ChunkedUpload,
  type ChunkedUploadService,
  StorageProvider,
} from 'nestjs-chunked-upload';

export * from 'nestjs-chunked-upload';
export { NestFactory } from '@nestjs/core';
export { Entity } from 'typeorm';
export type { Request } from 'express';

export declare class Person {
  id: number;
  userId: string;
}
export declare class Photo {
  id: number;
  uploadId: string;
  title: string;
}
export declare class Video extends AbstractChunkedUpload {
  title: string;
}
export declare class Avatar extends AbstractChunkedUpload {}
export declare class CreatePeople1700000000000 {}
export declare class PeopleModule {}
export declare const NameGuard: Type<CanActivate>;
export declare const auth: { token(): Promise<string> };
export declare class Config {
  maxBytes: number;
}
export declare class Quotas {
  left(creator: string | null): Promise<number>;
}
export declare const AppModule: Type;
export declare const ConfigModule: Type;
export declare const QuotaModule: Type;
export declare const AdminGuard: Type<CanActivate>;
export declare const JwtAuthGuard: Type<CanActivate>;
export declare const NoFilesGuard: Type<CanActivate>;
export declare const MyStorage: new (options: { bucket: string }) => StorageProvider;

export declare const app: INestApplication & { enableCors(options: object): void };
export declare const avatars: ChunkedUploadService<Avatar>;
export declare const uploads: ChunkedUploadService;
export declare const upload: ChunkedUpload;
export declare const person: Person;
export declare const people: Person[];
export declare const file: File;
export declare const uppy: Uppy;

export declare function Public(): ClassDecorator & MethodDecorator;
export declare function show(share: number, secondsLeft: number | null): void;
export declare function test(name: string, work: () => Promise<void>): void;
export declare function expect(value: unknown): { toBe(expected: unknown): void };
