import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type KeyValueStorage } from '../upload-memory.js';

/**
 * The counterpart of `localStorage`: a small file, read and written each time, so that two programs at once
 * lose only what both write at the same moment.
 */
export class FileStorage implements KeyValueStorage {
  /** @param path default: below `$XDG_STATE_HOME`, or `~/.local/state` */
  constructor(private readonly path = defaultPath()) {}

  get length(): number {
    return Object.keys(this.read()).length;
  }

  key(index: number): string | null {
    return Object.keys(this.read())[index] ?? null;
  }

  getItem(key: string): string | null {
    const items = this.read();
    return Object.hasOwn(items, key) ? (items[key] ?? null) : null;
  }

  setItem(key: string, value: string): void {
    this.write({ ...this.read(), [key]: value });
  }

  removeItem(key: string): void {
    const { [key]: removed, ...others } = this.read();
    if (removed !== undefined) this.write(others);
  }

  private read(): Record<string, string> {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as Record<string, string>;
    } catch {
      return {}; // Nothing has been remembered yet.
    }
  }

  private write(items: Readonly<Record<string, string>>): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const fresh = `${this.path}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(items), { mode: 0o600 });
    renameSync(fresh, this.path);
  }
}

function defaultPath(): string {
  const state = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(state, 'nestjs-chunked-upload-client', 'uploads.json');
}
