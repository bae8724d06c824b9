import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
} from 'typeorm';

@Entity()
export class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text', { default: '' })
  name!: string;

  @ManyToOne('Team', 'members')
  team!: Relation<Team> | null;
}

@Entity()
export class Team {
  @PrimaryGeneratedColumn()
  id!: number;

  @OneToMany('Person', 'team', { cascade: ['insert', 'remove'] })
  members!: Relation<Person>[];
}

@Entity()
export class Seat {
  @PrimaryColumn('int')
  number!: number;
}

@Entity()
export class Account {
  @PrimaryColumn('bigint')
  id!: string;

  @DeleteDateColumn()
  deletedAt!: Date | null;
}

@Entity()
export class Device {
  @PrimaryColumn('uuid')
  id!: string;
}

@Entity()
export class Country {
  @PrimaryColumn('varchar', { length: 10 })
  code!: string;
}

/** The application says `p-7` where the table says 7. */
@Entity()
export class Parcel {
  @PrimaryColumn('int', {
    transformer: {
      to: (id: string) => {
        if (!id.startsWith('p-')) throw new Error('No id of a parcel');
        return Number(id.slice(2));
      },
      from: (id: number) => `p-${id}`,
    },
  })
  id!: string;
}

@Entity()
export class Moment {
  @PrimaryColumn('timestamptz')
  at!: Date;
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Animal {
  @PrimaryGeneratedColumn()
  id!: number;
}

@ChildEntity()
export class Dog extends Animal {}

@Entity()
export class Archive {
  @PrimaryGeneratedColumn()
  id!: number;
}

@Entity()
export class Paired {
  @PrimaryColumn('int')
  left!: number;

  @PrimaryColumn('int')
  right!: number;
}

@Entity()
export class Scan extends AbstractChunkedUpload {}

export const ENTITIES = [
  Person,
  Team,
  Seat,
  Account,
  Device,
  Country,
  Parcel,
  Moment,
  Animal,
  Dog,
  Archive,
];
