import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { storedFiles } from './stored-files.js';

/** Files, and which of them each imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** All imports among the TypeScript files of a folder: of values and of types, and dynamic ones. */
export async function importGraph(root: string): Promise<ImportGraph> {
  const files = (await storedFiles(root)).filter((file) => file.endsWith('.ts'));
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(await readFile(join(root, file), 'utf8'));
    const imported = importedFiles
      .filter(({ fileName }) => fileName.startsWith('.'))
      .map(({ fileName }) => normalize(join(dirname(file), fileName)).replace(/\.js$/, '.ts'));
    graph.set(file, imported);
  }
  return graph;
}

/** `a → b → a`; none where there is no circle, at least one where there is. */
export function importCircles(graph: ImportGraph): string[] {
  const circles: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const begin = path.indexOf(file);
    if (begin >= 0) circles.push([...path.slice(begin), file].join(' → '));
    if (begin >= 0 || finished.has(file)) return;
    path.push(file);
    for (const imported of graph.get(file) ?? []) visit(imported);
    path.pop();
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return circles;
}
