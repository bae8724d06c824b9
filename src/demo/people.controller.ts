import {
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Req,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Request } from 'express';
import type { Repository } from 'typeorm';
import {
  type ChunkedUploadService,
  InjectChunkedUpload,
  type UploadRepresentation,
  representUpload,
} from '../index.js';
import { AdminGuard } from './admin.guard.js';
import { FileUpload, Person } from './demo.entities.js';

type DemoRequest = Request & { user?: { id: string } };
/** An anonymous upload may be shown without what names it. */
type ShownUpload = Omit<UploadRepresentation, 'id' | 'url'> & {
  id: string | null;
  url: string | null;
};
type PersonWithUploads = Person & { uploads: ShownUpload[] };

/** The records that the demo's files belong to. */
@Controller('people')
export class PeopleController {
  constructor(
    @InjectRepository(Person) private readonly people: Repository<Person>,
    @InjectChunkedUpload(FileUpload) private readonly files: ChunkedUploadService<FileUpload>,
  ) {}

  @Get()
  async list(): Promise<Person[]> {
    return this.people.find({ order: { id: 'ASC' } });
  }

  @Get(':id')
  async get(@Param('id') id: string, @Req() request: DemoRequest): Promise<PersonWithUploads> {
    const person = await this.find(id);
    const uploads = await this.files.findByOwner(person);
    const url = `${request.protocol}://${request.get('host') ?? 'localhost'}/uploads/files`;
    const shown = uploads.map((upload) => shownTo(request.user, representUpload(upload, url)));
    return { id: person.id, name: person.name, uploads: shown };
  }

  /** Removes a person, and with it, in the same transaction, its uploads. */
  @Delete(':id')
  @UseGuards(AdminGuard)
  @HttpCode(204)
  async remove(@Param('id') id: string): Promise<void> {
    await this.people.remove(await this.find(id));
  }

  private async find(id: string): Promise<Person> {
    const known = /^\d{1,9}$/.test(id) ? await this.people.findOneBy({ id: Number(id) }) : null;
    if (!known) throw new NotFoundException('Not found.');
    return known;
  }
}

/**
 * Whoever knows the id of an anonymous upload may go on with it, and remove it: nobody is told but
 * admin. The id of somebody's own upload is of use to that one alone.
 */
function shownTo(user: DemoRequest['user'], upload: UploadRepresentation): ShownUpload {
  if (upload.creator !== null || user?.id === 'admin') return upload;
  return { ...upload, id: null, url: null, file: null };
}
