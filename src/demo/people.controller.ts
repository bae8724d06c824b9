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

type PersonWithUploads = Person & { uploads: UploadRepresentation[] };

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
  async get(@Param('id') id: string, @Req() request: Request): Promise<PersonWithUploads> {
    const person = await this.find(id);
    const uploads = await this.files.findByOwner(person);
    const url = `${request.protocol}://${request.get('host') ?? 'localhost'}/uploads/files`;
    const { name } = person;
    return { id: person.id, name, uploads: uploads.map((upload) => representUpload(upload, url)) };
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
