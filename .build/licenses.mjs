import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The licenses of the packages that these modules of a bundle come from. */
export async function licensesOf(modules) {
  const inPackage = /^.*\/node_modules\/(@[^/]+\/)?[^/]+/;
  const folders = new Set(modules.flatMap((id) => inPackage.exec(id)?.[0] ?? []));
  const texts = await Promise.all([...folders].map(licenseOf));
  return `Parts of these packages are in the files of this folder.\n\n${texts.join('\n')}`;
}

async function licenseOf(folder) {
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no license`);
  return `${name} ${version}\n\n${await readFile(join(folder, file), 'utf8')}`;
}
