import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { AbstractChunkedUpload } from '../index.js';

/** What files can belong to. */
@Entity('person')
export class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  name!: string;
}

@Entity('file_upload')
export class FileUpload extends AbstractChunkedUpload {}

@Entity('video_upload')
export class VideoUpload extends AbstractChunkedUpload {}

@Entity('note_upload')
export class NoteUpload extends AbstractChunkedUpload {}
