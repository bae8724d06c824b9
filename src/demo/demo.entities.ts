import { Entity } from 'typeorm';
import { AbstractChunkedUpload } from '../index.js';

@Entity('file_upload')
export class FileUpload extends AbstractChunkedUpload {}

@Entity('video_upload')
export class VideoUpload extends AbstractChunkedUpload {}

@Entity('note_upload')
export class NoteUpload extends AbstractChunkedUpload {}
