import { Readable } from 'node:stream';
import {
  ChunkedUploadError,
  LocalDiskStorage,
  type OpenOptions,
  type StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredFile,
} from 'nestjs-chunked-upload';
import { Extents, type Sabotage, broken, brokenWriter, bytesIn } from './broken-storage.js';

/** Where a storage begins to write that goes on behind what a writer left. */
function appending(concerns: (offset: number) => boolean): Sabotage {
  return broken((sound) => {
    const extents = new Extents();
    return {
      open: async (file, options) => {
        const { attempt, contested } = options;
        const left = attempt > 1 && !contested && concerns(options.offset);
        const offset = left ? extents.of(file.key) : options.offset;
        return extents.tracked(await sound.open(file, { ...options, offset }), file, offset);
      },
    };
  });
}

type Moment = 'before the next commit' | 'after it' | 'after the end';

/** A writer that another one has followed does harm at one moment, whatever it writes. */
function lateHarm(moment: Moment): Sabotage {
  return broken((sound) => {
    const latest = new Map<string, { writer: StorageWriter; state?: StorageState | null }>();
    const finished = new Set<string>();
    const harm = async (file: StoredFile, options: OpenOptions, buffers: readonly Uint8Array[]) => {
      const { writer, state } = latest.get(file.key) ?? {};
      const isCommitted = state !== undefined;
      const now = finished.has(file.key)
        ? 'after the end'
        : isCommitted
          ? 'after it'
          : 'before the next commit';
      if (now !== moment) return;
      if (now === 'before the next commit') return writer?.write(buffers);
      const place =
        now === 'after it'
          ? { ...file, storageState: state ?? null }
          : { ...file, key: file.finalKey, storageState: null };
      await sound.open(place, { ...options, offset: 0, contested: false });
    };
    return {
      open: async (file, options) => {
        const writer = await sound.open(file, options);
        const own: { writer: StorageWriter; state?: StorageState | null } = { writer };
        latest.set(file.key, own);
        return {
          ...writer,
          write: async (buffers) => {
            await writer.write(buffers);
            if (latest.get(file.key) !== own) await harm(file, options, buffers);
          },
          sync: async () => (own.state = await writer.sync()),
        };
      },
      finish: async (file, size) => {
        finished.add(file.key);
        return sound.finish(file, size);
      },
    };
  });
}

class UnfencedStorage extends LocalDiskStorage {
  override open(file: StoredFile, options: OpenOptions) {
    return super.open(file, { ...options, contested: false });
  }
}

class EndlessStorage extends LocalDiskStorage {
  override finish(file: StoredFile, size: number) {
    return super.finish(file, size, { attempt: 1, contested: false });
  }
}

/** By what each does: a storage, and the cases of the contract that fail with it, and no others. */
export const sabotages: Record<string, { readonly fails: RegExp[]; readonly make: Sabotage }> = {
  'forgets all but two buffers of a write': {
    fails: [/^gives back/, /several times, and goes on/, /^reads back what is committed/],
    make: brokenWriter(() => (writer) => ({
      write: (buffers) => writer.write(buffers.slice(0, 2)),
    })),
  },

  'takes no more than five writers': {
    fails: [/^continues at/, /^has a state/, /beside two others/, /^takes (many|chunks)/],
    make: brokenWriter(() => {
      const writers = new Map<string, number>();
      return (_, options, { key }) => {
        const nth = (writers.get(key) ?? 0) + 1;
        writers.set(key, nth);
        if (nth > 5) throw ChunkedUploadError.bytesMissing();
        return {};
      };
    }),
  },

  'has no empty files': {
    fails: [/^keeps an empty file/],
    make: broken((sound) => ({
      finish: async (file, size) => {
        if (size === 0) throw ChunkedUploadError.bytesMissing();
        return sound.finish(file, size);
      },
    })),
  },

  'removes the old name, also where it is the new one': {
    fails: [/one key for both states$/],
    make: broken((sound) => ({
      finish: async (file, size) => {
        const state = await sound.finish(file, size);
        if (file.key === file.finalKey) await sound.remove(file);
        return state;
      },
    })),
  },

  'syncs a writer only once': {
    fails: [/syncs (a writer )?several times/],
    make: brokenWriter(() => (writer) => {
      let synced = false;
      return {
        sync: async () => {
          if (synced) throw new Error('synced already');
          synced = true;
          return writer.sync();
        },
      };
    }),
  },

  'damages the end where there is nothing to sync': {
    fails: [/^keeps all of a writer that syncs several times/],
    make: brokenWriter(() => (writer, options, file, sound) => {
      let end = options.offset;
      let synced: number | null = null;
      return {
        write: async (buffers) => {
          await writer.write(buffers);
          end += bytesIn(buffers);
        },
        sync: async () => {
          if (synced === end) {
            const offset = end - 100;
            const again = await sound.open(file, { ...options, offset, contested: false });
            await again.write([Buffer.alloc(100)]);
          }
          synced = end;
          return writer.sync();
        },
      };
    }),
  },

  'writes no more than 64 MiB in one go': {
    fails: [/^takes more than 64 MiB/],
    make: brokenWriter(() => (writer) => {
      let written = 0;
      return {
        write: async (buffers) => {
          written += bytesIn(buffers);
          const isBeyond = written > 64 * 1024 * 1024;
          await writer.write(isBeyond ? [Buffer.alloc(bytesIn(buffers))] : buffers);
        },
      };
    }),
  },

  'finishes nothing by its writer': {
    fails: [/came whole/],
    make: brokenWriter(() => () => ({ finish: async () => null })),
  },

  'finishes by its writer all that was there': {
    fails: [/^leaves out of a file that came whole/],
    make: broken((sound) => {
      const extents = new Extents();
      return {
        open: async (file, options) => {
          const opened = await sound.open(file, options);
          const writer = extents.tracked(opened, file, options.offset);
          let end = options.offset;
          return {
            ...writer,
            write: async (buffers) => {
              await writer.write(buffers);
              end += bytesIn(buffers);
            },
            finish: async () => {
              const all = extents.of(file.key);
              await writer.write([Buffer.alloc(all - end)]);
              return sound.finish(file, all);
            },
          };
        },
      };
    }),
  },

  'finishes only once': {
    fails: [/^finishes/, /one key for both states$/, /wakes after the end/, /^ends a file/],
    make: broken((sound) => {
      const finished = new Set<string>();
      return {
        finish: async (file, size) => {
          if (finished.has(file.key)) throw ChunkedUploadError.bytesMissing();
          const state = await sound.finish(file, size);
          finished.add(file.key);
          return state;
        },
      };
    }),
  },

  'takes nothing for what is missing': {
    fails: [/^refuses to continue/],
    make: broken((sound) => {
      const fill = async (file: StoredFile, options: OpenOptions) => {
        const writer = await sound.open(file, { ...options, offset: 0 });
        await writer.write([Buffer.alloc(options.offset)]);
        return writer;
      };
      return {
        open: async (file, options) => {
          const isThere = options.offset === 0 || (await sound.holds(file, options.offset));
          return isThere ? sound.open(file, options) : fill(file, options);
        },
      };
    }),
  },

  'keeps a history in its state': {
    fails: [/^has a state/],
    make: brokenWriter(() => {
      let history = '';
      return (writer) => ({
        sync: async () => ({ ...(await writer.sync()), history: (history += 'x'.repeat(300)) }),
      });
    }),
  },

  'goes on behind what a writer left': {
    fails: [
      /several times, and goes on/,
      /^writes over what/,
      /^survives two writers.* from byte 100000 on/,
      /^survives .*many MiB.*(5 on|again)$/,
      /^keeps what a writer of many MiB/,
      /committed before its first byte/,
      /^reads back what is committed/,
    ],
    make: appending((offset) => offset > 0),
  },

  'begins behind what a writer left': {
    fails: [
      /^begins anew/,
      /^leaves out of a file that came whole/,
      /^survives two writers.* from byte 0 on/,
      /^survives .*many MiB.* from MiB 0 on/,
    ],
    make: appending((offset) => offset === 0),
  },

  'finishes all that is there': {
    fails: [/^writes over what/, /^leaves out of/, /^begins anew/, /^ends a file/],
    make: broken((sound) => {
      const extents = new Extents();
      return {
        open: async (file, options) =>
          extents.tracked(await sound.open(file, options), file, options.offset),
        finish: (file, size) => sound.finish(file, Math.max(size, extents.of(file.key))),
      };
    }),
  },

  'lets late writers write into the same file': {
    fails: [
      /^keeps out .* with other bytes/,
      /^keeps out a writer that only opens late/,
      /beside two others/,
      /wakes late with one key/,
      /^reads back nothing/,
      /^removes what lies beside/,
    ],
    make: (root) => new UnfencedStorage({ root, fsync: false }),
  },

  'lets late writers into the next one': {
    fails: [/before the next one commits/],
    make: lateHarm('before the next commit'),
  },

  'lets late writers spoil what is committed': {
    fails: [
      /after the next one's commit/,
      /beside two others/,
      /committed before its first byte/,
      /^reads back nothing/,
    ],
    make: lateHarm('after it'),
  },

  'lets late writers spoil what is finished': {
    fails: [/wakes after the end/, /wakes late with one key/, /^removes what lies beside/],
    make: lateHarm('after the end'),
  },

  'takes the finished file for a part of what lies beside it': {
    fails: [/^removes what lies beside/],
    make: broken((sound) => ({ removeLeftovers: (file) => sound.remove(file) })),
  },

  'moves the file of whoever opens it into its place': {
    fails: [/^keeps out a writer that only opens late/],
    make: broken((sound) => {
      const places = new Map<string, StorageState>();
      const placed = (file: StoredFile): StoredFile => {
        return { ...file, storageState: places.get(file.key) ?? null };
      };
      return {
        open: async (file, options) => {
          const writer = await sound.open(placed(file), options);
          if (options.contested) places.set(file.key, { writer: options.token });
          return { ...writer, sync: () => writer.sync().then(() => null) };
        },
        finish: (file, size) => sound.finish(placed(file), size),
        readUnfinished: (file, range) => sound.readUnfinished(placed(file), range),
      };
    }),
  },

  'removes all when a writer writes nothing': {
    fails: [/^loses nothing/, /committed before its first byte/],
    make: brokenWriter(() => (writer, options, file, sound) => {
      let wrote = false;
      return {
        write: (buffers) => {
          wrote = true;
          return writer.write(buffers);
        },
        close: async () => {
          if (!wrote && options.offset > 0 && options.contested) await sound.remove(file);
        },
      };
    }),
  },

  'lets late writers make a finished file longer': {
    fails: [/wakes after its completion/],
    make: (root) => new EndlessStorage({ root, fsync: false }),
  },

  'reads ranges without their last byte': {
    fails: [/^reads ranges/],
    make: broken((sound) => ({
      createReadStream: (file, range) =>
        sound.createReadStream(file, range && { ...range, end: range.end - 1 }),
    })),
  },

  'fails only while it reads': {
    fails: [/^refuses to read what/],
    make: broken((sound) => ({
      createReadStream: async (file, range) =>
        Readable.from(lazily(() => sound.createReadStream(file, range))),
    })),
  },

  'reads back from the beginning': {
    fails: [/^reads back/],
    make: broken((sound) => ({
      readUnfinished: (file, { end }) => sound.readUnfinished(file, { start: 0, end }),
    })),
  },

  'reads back nothing that is finished': {
    fails: [/^reads back what a completion/],
    make: broken((sound) => ({
      readUnfinished: async (file, range) => {
        const isFinished = await sound.holds({ ...file, key: 'none' }, 0);
        if (isFinished) throw ChunkedUploadError.bytesMissing();
        return sound.readUnfinished(file, range);
      },
    })),
  },

  'fails only while it reads back': {
    fails: [/^refuses to read back/],
    make: broken((sound) => ({
      readUnfinished: async (file, range) =>
        Readable.from(lazily(() => sound.readUnfinished(file, range))),
    })),
  },

  'has nothing to read back with': {
    fails: [/read(s)? back/],
    make: broken(() => ({ readUnfinished: undefined })),
  },

  'removes only what is there': {
    fails: [/^removes in every state/, /^lists and removes/],
    make: broken((sound) => ({
      remove: async (file) => {
        if (!(await sound.holds(file, 0))) throw new Error('not there');
        await sound.remove(file);
      },
    })),
  },

  'removes all finished files': {
    fails: [/^keeps uploads apart/, /^lists what is/],
    make: broken((sound) => ({
      remove: async (file) => {
        await sound.remove(file);
        for await (const { key } of sound.list('')) {
          if (key.includes('.done')) await removeKey(sound, key);
        }
      },
    })),
  },

  'miscounts its bytes': {
    fails: [/^tells whether/],
    make: broken((sound) => ({
      holds: (file, size) => sound.holds(file, size - 1),
    })),
  },

  'knows of some bytes only by the state': {
    fails: [/^tells whether .* without the state/],
    make: broken((sound) => {
      const contested = new Set<string>();
      return {
        open: (file, options) => {
          if (options.contested) contested.add(file.key);
          return sound.open(file, options);
        },
        holds: async (file, size) =>
          !(file.storageState === null && contested.has(file.key)) && sound.holds(file, size),
      };
    }),
  },

  'lists only what was synced': {
    fails: [/^lists what is/],
    make: broken((sound) => {
      const synced = new Set<string>();
      return {
        open: async (file, options) => {
          const writer = await sound.open(file, options);
          return {
            ...writer,
            sync: () => {
              synced.add(file.key).add(file.finalKey);
              return writer.sync();
            },
          };
        },
        list: async function* list(folder) {
          for await (const found of sound.list(folder)) if (synced.has(found.key)) yield found;
        },
      };
    }),
  },

  'lists nothing that is large': {
    fails: [/^lists many MiB/],
    make: broken((sound) => ({
      list: async function* list(folder) {
        for await (const found of sound.list(folder)) if (found.size < 8 * 1024 ** 2) yield found;
      },
    })),
  },

  'dates all that it lists back': {
    fails: [/^lists what is/],
    make: broken((sound) => ({
      list: async function* list(folder) {
        for await (const found of sound.list(folder)) yield { ...found, modifiedAt: new Date(0) };
      },
    })),
  },

  'removes nothing by its key alone': {
    fails: [/^removes what it lists/, /^lists many MiB/, /^lists and removes/],
    make: broken((sound) => ({
      remove: async (file) => {
        if (file.key !== file.finalKey) await sound.remove(file);
      },
    })),
  },

  'lists the files of writers by names of their own': {
    fails: [/^lists and removes/],
    make: broken((sound) => ({
      list: async function* list(folder) {
        const seen = new Set<string>();
        for await (const { key, ...found } of sound.list(folder)) {
          yield { ...found, key: seen.has(key) ? `${key}.${seen.size}` : key };
          seen.add(key);
        }
      },
    })),
  },

  'removes only what has no state': {
    fails: [/^leaves nothing/],
    make: broken((sound) => ({
      remove: async (file) => {
        if (file.storageState === null) await sound.remove(file);
      },
    })),
  },
};

async function* lazily(open: () => Promise<Readable>): AsyncGenerator<Uint8Array> {
  yield* await open();
}

async function removeKey(storage: StorageProvider, key: string): Promise<void> {
  await storage.remove({ key, finalKey: key, storageState: null });
}
