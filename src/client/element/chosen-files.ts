/** A file and the folder that it lies in, as it was chosen or dropped. */
export interface ChosenFile {
  readonly file: File;
  /** Such as `Photos/2026`; empty: none. */
  readonly folder: string;
  /** It lies in a folder that was dropped, and only its name can be read: `file` is empty. */
  readonly isUnreadable?: boolean;
}

/** Files that systems put into folders for themselves. */
const HIDDEN = /^(?:\.DS_Store|Thumbs\.db|desktop\.ini)$/;

/** Of an `<input type="file">`, with or without `webkitdirectory`. */
export function chosenIn({ files }: HTMLInputElement): ChosenFile[] {
  return [...(files ?? [])]
    .filter(({ webkitRelativePath: path, name }) => path === '' || !HIDDEN.test(name))
    .map((file) => {
      const path = file.webkitRelativePath;
      return { file, folder: path.slice(0, Math.max(0, path.lastIndexOf('/'))) };
    });
}

/**
 * Of a drop or a paste, with all that lies in dropped folders.
 *
 * Must be called while the event is handled: its list is empty afterwards.
 */
export function chosenBy(transfer: DataTransfer | null): Promise<ChosenFile[]> {
  if (!transfer) return Promise.resolve([]);
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const found = items.map((item): FileSystemEntry | File | null => {
    const entry = item.webkitGetAsEntry();
    return entry?.isDirectory ? entry : item.getAsFile();
  });
  return Promise.all(
    found.map(async (each) => {
      if (each instanceof File) return [{ file: each, folder: '' }];
      return each ? filesOf(each as FileSystemDirectoryEntry) : [];
    }),
  ).then((lists) => lists.flat());
}

/** Whether files are dragged, and not a text or a picture of a page. */
export function hasFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes('Files') ?? false;
}

async function filesOf(directory: FileSystemDirectoryEntry): Promise<ChosenFile[]> {
  const folder = directory.fullPath.replace(/^\//, '');
  const found: ChosenFile[] = [];
  const { entries, isWhole } = await entriesOf(directory);
  if (!isWhole) found.push(unreadable(directory));
  for (const entry of entries) {
    if (entry.isDirectory) {
      for (const each of await filesOf(entry as FileSystemDirectoryEntry)) found.push(each);
    } else if (!HIDDEN.test(entry.name)) {
      const file = await fileOf(entry as FileSystemFileEntry);
      found.push(file ? { file, folder } : unreadable(entry));
    }
  }
  return found;
}

/** Of a path that is too long for the system, or of what is not allowed. */
function unreadable({ fullPath, name }: FileSystemEntry): ChosenFile {
  const folder = fullPath.slice(1, Math.max(1, fullPath.lastIndexOf('/')));
  return { file: new File([], name), folder, isUnreadable: true };
}

/** All of them, as far as they can be read: a reader gives a hundred at a time. */
async function entriesOf(
  directory: FileSystemDirectoryEntry,
): Promise<{ entries: FileSystemEntry[]; isWhole: boolean }> {
  const reader = directory.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[] | null>((resolve) => {
      reader.readEntries(resolve, () => resolve(null));
    });
    if (!some || some.length === 0) return { entries, isWhole: some !== null };
    entries.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File | null> {
  return new Promise((resolve) => {
    entry.file(resolve, () => resolve(null));
  });
}
