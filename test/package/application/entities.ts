import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Video extends AbstractChunkedUpload {
  @Column('text', { default: 'untitled' })
  title!: string;
}

@Entity()
export class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  name!: string;
}
