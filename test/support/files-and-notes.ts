import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { type Host, type HostOptions, startHost } from './host.js';

/** Of the upload type with rules. */
export const MOST_OF_A_NOTE = 1024 * 1024;

@Entity()
class Note extends AbstractChunkedUpload {}

/** A host with upload types at paths of the demo: `files` takes everything, `notes` has rules. */
export async function startFilesAndNotes(options: HostOptions): Promise<Host> {
  const rules = { maxBytes: MOST_OF_A_NOTE, allowedExtensions: ['png', 'txt'] };
  const types = [{ path: 'uploads/notes', entity: Note, ...rules }];
  return startHost({ ...options, upload: { path: 'uploads/files' }, types });
}
