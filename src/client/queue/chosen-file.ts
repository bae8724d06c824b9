/** A file and the folder that it lies in. */
export interface ChosenFile {
  readonly file: File;
  /** Such as `Photos/2026`; empty or left out: none. */
  readonly folder?: string;
}
