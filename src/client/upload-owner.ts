/** Form fields of the first request. */
export type Fields = Readonly<Record<string, string | number | boolean>>;

/** The record of the application that an upload belongs to. */
export interface UploadOwner {
  /** Its name in the server's option `owners`. */
  readonly type: string;
  readonly id: string;
}

/** The owner that the first request names; `null`: none. */
export function ownerIn({ owner_type: type, owner_id: id }: Fields): UploadOwner | null {
  return type === undefined || id === undefined ? null : { type: String(type), id: String(id) };
}

export function isSameOwner(one: UploadOwner | null, other: UploadOwner | null): boolean {
  return one?.type === other?.type && one?.id === other?.id;
}
