import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';

/** A second upload type beside the one at the root. */
@Entity()
export class Clip extends AbstractChunkedUpload {}
