// What TypeScript says of options as hosts write them, of the right ones and of wrong ones. Nothing of
// it runs: `npm test` compiles it, with this repository's compiler and with an older one.
import type { Request } from 'express';
import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadModule,
  type ChunkedUploadOptions,
  type ChunkedUploadTypeOptions,
  type CompletionContext,
  type PolicySubject,
  type RequestWithUser,
  type UploadContext,
  UploadPolicy,
  type UploadTypeAsyncOptions,
  type UploadTypeOptions,
} from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
class Video extends AbstractChunkedUpload {
  @Column('text')
  title!: string;
}

@Entity()
class Photo extends AbstractChunkedUpload {
  @Column('int')
  width!: number;
}

@Entity()
class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  userId!: string;
}

@Entity()
class Team {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  leader!: string;
}

interface JwtPayload {
  sub: string;
  username: string;
  roles: string[];
}

interface AuthRequest {
  user: { sub: string; plan: 'free' | 'paid' };
}

class ObjectId {
  toHexString(): string {
    return '';
  }
}

/** Fails to compile unless `value` is of exactly the type `T`. */
declare function exactly<T>(): <V>(
  value: V,
  ...same: Same<T, V> extends true ? [] : [never]
) => void;
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

// oxlint-disable-next-line typescript/unbound-method -- nothing of it runs
const { forRoot, forRootAsync, forFeature } = ChunkedUploadModule;

// `user`, as hosts write it.
forRoot({ user: (request: Request & { user: JwtPayload }) => request.user.sub });
forRoot({ user: (request: Request & { user?: JwtPayload }) => request.user?.sub });
forRoot({ user: (request: FastifyRequest & { user: JwtPayload }) => request.user.sub });
forRoot({ user: (request: AuthRequest) => request.user.sub });
forRoot({ user: ({ user }: AuthRequest) => user.sub });
forRoot({ user: (request: { user: { userId: number } }) => request.user.userId });
forRoot({ user: (request: { user: { _id: ObjectId } }) => request.user._id });
forRoot({ user: (request: Request & { session: { userId: bigint } }) => request.session.userId });
forRoot({ user: (request: Request) => request.get('x-user') });
forRoot({ user: (request: IncomingMessage) => request.headers['x-user'] as string | undefined });
forRoot({ user: (request) => request.user?.id });
forRoot({ user: (request) => request.user?.id ?? null });
forRoot({ user: (request) => request.user?.sub });
forRoot({ user: ({ user }) => user?.userId });
forRoot({ user: (request) => request.user?.email });
forRoot({ user: (request) => request.user?.['https://example.com/id'] });
forRoot({ user: (request) => request.headers['x-user'] as string });
forRoot({ user: async (request) => Promise.resolve(request.user?.sub) });
forRoot({ user: () => 'somebody' });
forRoot({
  user(request: AuthRequest) {
    return request.user.sub;
  },
});
// @ts-expect-error: without a type nobody knows that there is one
forRoot({ user: (request) => request.user.sub });
// @ts-expect-error: the whole user is no id
forRoot({ user: (request) => request.user });
// @ts-expect-error
forRoot({ user: (request: AuthRequest) => request.user });
// @ts-expect-error
forRoot({ user: (_request: AuthRequest) => new Date() });
// @ts-expect-error
forRoot({ user: 'sub' });

// The same in an object that has its type by name.
export const named: ChunkedUploadOptions[] = [
  { user: (request: Request & { user: JwtPayload }) => request.user.sub },
  { user: (request: FastifyRequest & { user: JwtPayload }) => request.user.sub },
  { user: (request: AuthRequest) => request.user.sub },
  { user: (request) => request.user?.sub },
  { entity: Video, onComplete: (upload: Video) => upload.title },
  {
    owners: {
      person: Person,
      team: { entity: Team, canAttach: (team: Team) => team.leader === '' },
    },
  },
  // @ts-expect-error
  { user: (_request: AuthRequest) => new Date() },
];
export class Uploads {
  create(): ChunkedUploadTypeOptions {
    return {
      user: (request: AuthRequest) => request.user.sub,
      maxBytes: ({ request }: UploadContext<AuthRequest>) =>
        request?.user.plan === 'paid' ? null : 1000,
    };
  }
}
forRootAsync({ useClass: Uploads });

// `onComplete`, by `entity`.
forRoot({ entity: Video, onComplete: (upload) => upload.title });
forRoot({ onComplete: (upload) => upload.title, entity: Video });
forRoot({
  entity: Video,
  async onComplete(upload, { manager, request }) {
    exactly<Video>()(upload);
    exactly<RequestWithUser | undefined>()(request);
    await manager.query('SELECT $1', [upload.title]);
  },
});
forRoot({ onComplete: (upload) => exactly<ChunkedUpload>()(upload) });
forRoot({ entity: Video, onComplete: (upload: Video) => upload.title });
forRoot({ entity: Video, onComplete: (upload: AbstractChunkedUpload) => upload.id });
// @ts-expect-error
forRoot({ entity: Video, onComplete: (upload) => upload.titel });
// @ts-expect-error
forRoot({ onComplete: (upload) => upload.title });
// @ts-expect-error
forRoot({ entity: Video, onComplete: (upload: Photo) => upload.width });
// @ts-expect-error
forRoot({ entity: Person });

// `canAttach`, by `owners`.
forRoot({
  owners: {
    person: { entity: Person, canAttach: (person, { creator }) => person.userId === creator },
    team: {
      entity: Team,
      async canAttach(team, { request }) {
        exactly<Team>()(team);
        exactly<RequestWithUser | undefined>()(request);
        return Promise.resolve(true);
      },
      keep: true,
    },
    video: Video,
  },
});
forRoot({ owners: { person: { entity: Person, canAttach: (person: Person) => person.id === 1 } } });
// @ts-expect-error
forRoot({ owners: { person: { entity: Person, canAttach: (person) => person.userID === '' } } });
// @ts-expect-error
forRoot({ owners: { person: { entity: Person, canAttach: (person) => person.userId } } });
// @ts-expect-error
forRoot({ owners: { person: { entity: Person, canAttach: (team: Team) => team.id === 1 } } });
// @ts-expect-error
forRoot({ owners: { person: { entity: Person, mayAttach: () => true } } });
// @ts-expect-error
forRoot({ owners: { person: 'person' } });

// The request, by what `user` says of it, or by the hook itself.
forRoot({
  entity: Video,
  owners: {
    person: {
      entity: Person,
      canAttach: (person, { request }) => person.userId === request?.user.username,
    },
  },
  minBytes: ({ request }) => {
    exactly<(Request & { user: JwtPayload }) | undefined>()(request);
    return 0;
  },
  maxBytes: async ({ request }) =>
    Promise.resolve(request?.user.roles.includes('editor') ? null : 1000),
  onComplete: (upload, { request }) => upload.title + request?.user.username,
  user: (request: Request & { user: JwtPayload }) => request.user.sub,
});
forRoot({
  user: (request: Request & { user: JwtPayload }) => request.user.sub,
  maxBytes: ({ request }: UploadContext<AuthRequest>) =>
    request?.user.plan === 'paid' ? null : 1000,
  owners: {
    person: {
      entity: Person,
      canAttach: (person: Person, { request }: UploadContext<AuthRequest>) =>
        person.userId === request?.user.sub,
    },
  },
  onComplete: (upload: ChunkedUpload, { request }: CompletionContext<AuthRequest>) =>
    upload.id + request?.user.sub,
});
forRoot({
  user: (request: AuthRequest) => request.user.sub,
  // @ts-expect-error
  maxBytes: ({ request }) => (request?.user.roles.includes('editor') ? null : 1000),
});
forRoot({ maxBytes: ({ creator }) => (creator === null ? 1000 : null) });
// @ts-expect-error
forRoot({ maxBytes: () => '1000' });
// @ts-expect-error
forRoot({ maxBytes: ({ request }: UploadContext<AuthRequest>) => request?.user.plan });
// @ts-expect-error
forRoot({ maxByte: 1000 });

export class PaidPolicy extends UploadPolicy {
  check({ size }: PolicySubject, { request }: UploadContext<AuthRequest>): string | undefined {
    return size > 1000 && request?.user.plan !== 'paid' ? 'This is for paying members.' : undefined;
  }
}
forRoot({ policies: [PaidPolicy, new PaidPolicy()] });

// Where a factory answers the options.
forRootAsync({ entity: Video, useFactory: () => ({ onComplete: (upload) => upload.title }) });
forRootAsync({
  entity: Video,
  inject: ['PLANS'],
  useFactory: async (plans: Map<string, number>) => ({
    user: (request: AuthRequest) => request.user.sub,
    maxBytes: ({ request }) => plans.get(request?.user.plan ?? '') ?? 0,
    owners: {
      person: {
        entity: Person,
        canAttach: (person, { request }) => person.userId === request?.user.sub,
      },
    },
    onComplete: (upload, { request }) => {
      exactly<Video>()(upload);
      exactly<AuthRequest | undefined>()(request);
    },
  }),
});
forRootAsync({
  useFactory: () => {
    return {
      onComplete: (upload) => exactly<ChunkedUpload>()(upload),
      owners: { person: { entity: Person, canAttach: (person) => person.userId === '' } },
    };
  },
});
forRootAsync({
  useFactory: () => ({
    owners: {
      person: { entity: Person, canAttach: (person, { creator }) => person.userId === creator },
      team: { entity: Team, canAttach: (team: Team, { creator }) => team.leader === creator },
      video: Video,
    },
  }),
});
// @ts-expect-error
forRootAsync({ entity: Video, useFactory: () => ({ onComplete: (upload) => upload.titel }) });
forRootAsync({
  useFactory: () => ({
    // @ts-expect-error
    owners: { person: { entity: Person, canAttach: (person) => person.userID === '' } },
  }),
});
// @ts-expect-error
forRootAsync({ useFactory: () => ({ maxBytes: '1000' }) });
// @ts-expect-error
forRootAsync({ entity: Person, useFactory: () => ({}) });

// Several types, each by itself.
forFeature([
  {
    path: 'videos',
    entity: Video,
    onComplete: (upload) => exactly<Video>()(upload),
    owners: { person: { entity: Person, canAttach: (person) => person.userId === '' } },
  },
  {
    path: 'photos',
    entity: Photo,
    maxBytes: ({ creator }) => (creator === null ? 1000 : null),
    onComplete: (upload) => upload.width,
    owners: {
      person: { entity: Person, canAttach: (person) => person.userId === '' },
      team: { entity: Team, canAttach: (team, { creator }) => team.leader === creator },
    },
  },
  {
    path: 'later',
    entity: Video,
    inject: ['PLANS'],
    useFactory: (plans: Map<string, number>) => ({
      maxBytes: plans.get('free') ?? 0,
      onComplete: (upload) => exactly<Video>()(upload),
      owners: { team: { entity: Team, canAttach: (team) => team.leader === '' } },
    }),
  },
  { path: 'plain', entity: ChunkedUpload },
  { path: 'fifth', entity: Photo, onComplete: (upload) => upload.width },
  { path: 'sixth', entity: Video, onComplete: (upload) => upload.title },
  { path: 'seventh', entity: Photo, onComplete: (upload) => upload.width },
  { path: 'eighth', entity: Video, onComplete: (upload) => upload.title },
  { path: 'ninth', entity: Photo, onComplete: (upload: Photo) => upload.width },
]);
forFeature([
  { path: 'videos', entity: Video, onComplete: (upload) => upload.title },
  // @ts-expect-error
  { path: 'photos', entity: Photo, onComplete: (upload) => upload.title },
]);
forFeature([
  { path: 'videos', entity: Video, onComplete: (upload) => upload.title },
  {
    path: 'photos',
    entity: Photo,
    // @ts-expect-error
    owners: { team: { entity: Team, canAttach: (team) => team.userId === '' } },
  },
]);
// @ts-expect-error
forFeature([{ path: 'videos', entity: Video, maxByte: 1 }]);
// @ts-expect-error
forFeature([{ path: 'videos' }]);
const list: (UploadTypeOptions | UploadTypeAsyncOptions)[] = [
  { path: 'videos', entity: Video, onComplete: (upload: Video) => upload.title },
  { path: 'photos', entity: Photo, useFactory: () => ({ maxBytes: 1000 }) },
];
forFeature(list);
forFeature([]);
