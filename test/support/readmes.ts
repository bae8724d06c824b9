import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storedFiles } from './stored-files.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of code, as it stands in the file. */
export interface Block {
  /** Empty where the fence names none. */
  readonly language: string;
  readonly text: string;
}

export interface Readme {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** The README at the top, and one for each room. */
export async function readmes(): Promise<Readme[]> {
  const below = await Promise.all(
    ['src', 'test'].map(async (folder) => {
      const files = await storedFiles(join(ROOT, folder));
      return files
        .map((file) => join(folder, file))
        .filter((file) => /(^|\/)README\.md$/.test(file) && !file.includes('node_modules/'));
    }),
  );
  return Promise.all(['README.md', ...below.flat().toSorted()].map(readme));
}

/** @param path from the root of the repository */
export async function readme(path: string): Promise<Readme> {
  const text = await readFile(join(ROOT, path), 'utf8');
  const fences = text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  const blocks = [...fences].map(([, language = '', code = '']) => ({ language, text: code }));
  return { path, text, blocks };
}

/** The block that begins with a comment that names this file. */
export function fileIn({ path, blocks }: Readme, name: string): string {
  const found = blocks.find(
    ({ text }) => text.startsWith(`// ${name}\n`) || text.startsWith(`<!-- ${name} -->\n`),
  );
  if (!found) throw new Error(`${path} has no block that begins with "// ${name}"`);
  return found.text;
}

/** The block in this language that has these words, which no other has. */
export function blockWith({ path, blocks }: Readme, language: string, words: string): string {
  const found = blocks.filter((each) => each.language === language && each.text.includes(words));
  if (found.length === 1) return found[0]!.text;
  throw new Error(`${path} has ${found.length} blocks of ${language} with "${words}"`);
}

/** Where the links of a page lead: a file from the root of the repository, and a heading in it. */
export function linksOf({
  path,
  text,
}: Readme): { readonly file: string; readonly anchor: string }[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [to = '', anchor = ''] = target.split('#');
      const file = to === '' ? path : relative(ROOT, join(ROOT, dirname(path), to));
      return { file, anchor };
    });
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Readme): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
