import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Inject,
  Param,
  UseInterceptors,
} from '@nestjs/common';
import { Exclude, Expose, Transform, instanceToPlain } from 'class-transformer';
import {
  AbstractChunkedUpload,
  type ChunkedUploadEvent,
  ChunkedUploadService,
  InjectChunkedUpload,
} from 'nestjs-chunked-upload';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import {
  Column,
  DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const file = sample(300);

/** What a host may see of each upload, in its own words. */
const PUBLIC = [
  'id',
  'filename',
  'offset',
  'total',
  'checksum',
  'mimeType',
  'status',
  'creator',
  'ownerType',
  'ownerId',
  'createdAt',
  'completedAt',
  'expiresAt',
].toSorted();

/** The engine's own: where bytes lie, who writes, how far a sum has come. */
const HIDDEN = [
  'key',
  'finalKey',
  'storageState',
  'checksumState',
  'firstBytes',
  'leaseToken',
  'leaseHolder',
  'leaseUntil',
  'attempt',
  'takeoverRequestedAt',
  'history',
  'response',
].toSorted();

@Entity('shown_album')
class Album {
  @PrimaryColumn('text')
  name!: string;

  @OneToMany('Photo', 'album')
  photos!: Relation<Photo>[];
}

@Entity('shown_photo')
class Photo extends AbstractChunkedUpload {
  @Column('text', { default: 'untitled' })
  title!: string;

  @Exclude()
  @Column('text', { default: 'not for everybody' })
  secret!: string;

  @ManyToOne('Album', 'photos', { nullable: true })
  @JoinColumn({ name: 'album_name' })
  album!: Relation<Album> | null;

  @Expose()
  get label(): string {
    return `${this.title} (${this.filename})`;
  }
}

class Shown {
  @Transform(({ value }: { value: unknown }) => value)
  readonly photo: Photo;

  constructor(photo: Photo) {
    this.photo = photo;
  }
}

@Controller('shown')
class ShownController {
  constructor(
    @InjectChunkedUpload(Photo) private readonly photos: ChunkedUploadService<Photo>,
    @Inject(DataSource) private readonly dataSource: DataSource,
  ) {}

  @Get('one/:id')
  async one(@Param('id') id: string): Promise<Photo> {
    return this.photos.findOne(id);
  }

  @Get('list')
  async list(): Promise<Photo[]> {
    return this.photos.find();
  }

  @Get('nested/:id')
  async nested(@Param('id') id: string): Promise<object> {
    return { person: { name: 'Ann', uploads: [await this.photos.findOne(id)] } };
  }

  @Get('spread/:id')
  async spread(@Param('id') id: string): Promise<object> {
    // oxlint-disable-next-line typescript/no-misused-spread -- hosts do it
    return { ...(await this.photos.findOne(id)), more: true };
  }

  @Get('repository')
  async repository(): Promise<Photo[]> {
    return this.dataSource.getRepository(Photo).find();
  }

  @Get('relation')
  async relation(): Promise<Album[]> {
    return this.dataSource.getRepository(Album).find({ relations: { photos: true } });
  }

  @Get('serialized/:id')
  @UseInterceptors(ClassSerializerInterceptor)
  async serialized(@Param('id') id: string): Promise<object> {
    const photo = await this.photos.findOne(id);
    return { photo, list: [photo], shown: new Shown(photo) };
  }
}

let host: Host;
let ann: UploadClient;
let photos: ChunkedUploadService<Photo>;
let unfinished: string;
const events: ChunkedUploadEvent[] = [];

beforeAll(async () => {
  host = await startHost({
    upload: {
      path: 'photos',
      entity: Photo as never,
      // Else there is no state of the first bytes.
      allowedMimeTypes: ['*/*'],
      onComplete: () => ({ said: 'to one alone' }),
    },
    database: { entities: [Album] },
    controllers: [ShownController],
    imports: [EventEmitterModule.forRoot()],
  });
  host.app
    .get(EventEmitter2)
    .on('chunked-upload.created', (event: ChunkedUploadEvent) => void events.push(event));
  photos = host.uploads as never;
  ann = new UploadClient(`${host.url}/photos`);
  unfinished = (await ann.begin(file.subarray(0, 100), 300)).id;
  const { id } = await ann.begin(file, 300);
  await ann.complete(id, md5(file));
  await host.dataSource.getRepository(Album).save({ name: 'first' });
  await host.dataSource.query("UPDATE shown_photo SET album_name = 'first'");
});
afterAll(() => host.close());

async function shown(path: string): Promise<unknown> {
  return (await fetch(`${host.url}/shown/${path}`)).json();
}

/** All that is called anywhere in it, but for the host's own. */
function namesIn(value: unknown): string[] {
  const names = new Set<string>();
  JSON.stringify(value, (name: string, inner: unknown) => {
    if (/^[a-z]/i.test(name)) names.add(name);
    return inner;
  });
  return [...names].toSorted();
}

describe('An upload that a host sends as JSON', () => {
  it('shows what is of it, and nothing of the engine', async () => {
    const one = (await shown(`one/${unfinished}`)) as Record<string, unknown>;
    expect(Object.keys(one).toSorted()).toEqual([...PUBLIC, 'album', 'secret', 'title'].toSorted());
    expect(one).toMatchObject({ id: unfinished, offset: 100, total: 300, title: 'untitled' });
    expect(one['createdAt']).toMatch(/Z$/);
  });

  it.each(['list', 'nested', 'spread', 'repository', 'relation', 'serialized'])(
    'shows nothing of the engine in whatever it stands: %s',
    async (place) => {
      const needsId = ['nested', 'spread', 'serialized'].includes(place);
      const body = await shown(needsId ? `${place}/${unfinished}` : place);
      const names = namesIn(body);
      expect(names).toEqual(expect.arrayContaining(PUBLIC));
      expect(names.filter((name) => HIDDEN.includes(name))).toEqual([]);
    },
  );

  it('keeps to what class-transformer is told of it', async () => {
    const { photo } = (await shown(`serialized/${unfinished}`)) as { photo: object };
    expect(photo).toMatchObject({ label: 'untitled (file.bin)', title: 'untitled' });
    expect(photo).not.toHaveProperty('secret');
    const plain = instanceToPlain(await photos.findOne(unfinished));
    expect(namesIn(plain).filter((name) => HIDDEN.includes(name))).toEqual([]);
    expect(plain).toMatchObject({ id: unfinished, label: 'untitled (file.bin)' });
  });

  it('is the same in an event, where a listener has a copy of its own', async () => {
    await until('both events', () => events.length === 2);
    const [event] = events;
    expect(namesIn(event).filter((name) => HIDDEN.includes(name))).toEqual([]);
    expect(event?.upload.key).toContain(unfinished);
    expect(event?.upload).toBeInstanceOf(Photo);
  });
});

describe('What is the engine’s own', () => {
  it('can be read by its name, of an upload that came from us or from TypeORM', async () => {
    const ours = await photos.findOne(unfinished);
    const theirs = await host.dataSource.getRepository(Photo).findOneByOrFail({ id: unfinished });
    for (const name of HIDDEN as (keyof Photo)[]) {
      expect(ours[name], name).toEqual(theirs[name]);
      expect(ours[name], name).not.toBeUndefined();
    }
    expect(ours.key).toContain(unfinished);
    expect(ours.checksumState).toBeInstanceOf(Buffer);
    expect(ours.history).toHaveLength(1);
  });

  it('outlives a save of the host', async () => {
    const repository = host.dataSource.getRepository(Photo);
    const before = await photos.findOne(unfinished);
    await repository.save(Object.assign(await photos.findOne(unfinished), { title: 'Sea' }));
    await repository.update(unfinished, { title: 'Lake' });
    const after = await photos.findOne(unfinished);
    expect(after.title).toBe('Lake');
    for (const name of HIDDEN as (keyof Photo)[]) expect(after[name], name).toEqual(before[name]);
    const next = file.subarray(100);
    expect((await ann.put('bytes 100-299/300', next, { id: unfinished })).status).toBe(200);
    expect((await ann.complete(unfinished, md5(file))).body).toEqual({ said: 'to one alone' });
    expect((await ann.download(unfinished)).bytes).toEqual(file);
  });
});
