// Which packages a bundle carries, and what their licences ask to be handed on with it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the package that a file is of: the innermost one. */
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENCE = /^(?:licen[cs]e|copying|notice)/i;

/** @returns the folders of the packages of which at least one byte is in the bundle, sorted. */
export function packageFolders({ outputs }) {
  const folders = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .flatMap(([path]) => PACKAGE.exec(path)?.[0] ?? []),
  );
  return [...new Set(folders)].sort();
}

function manifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** `NAME@VERSION`, as npm writes it. */
export function packageId(folder) {
  const { name, version } = manifest(folder);
  return `${name}@${version}`;
}

function licenceTexts(folder) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile() && LICENCE.test(file.name));
  return files.map(({ name }) => readFileSync(join(folder, name), 'utf8').trim()).sort();
}

/** @throws where a package names no licence. */
function notice(folder) {
  const { license, author, homepage } = manifest(folder);
  if (typeof license !== 'string') throw new Error(`${folder}/package.json names no licence`);
  const texts = licenceTexts(folder);
  const by = typeof author === 'string' ? author : author?.name;
  const stated = [license, ...(by === undefined ? [] : [`by ${by}`]), ...(homepage === undefined ? [] : [homepage])];
  // Some packages have no file with the text: then what they state is all there is.
  return [`## ${packageId(folder)}`, stated.join(', '), ...texts].join('\n\n');
}

/** The Node that the single files and the image are made with. Elsewhere than on Linux npm installs none. */
function noticeOfNode() {
  const folder = ['x64', 'arm64'].map((arch) => `node_modules/node-linux-${arch}`).find((path) => existsSync(path));
  if (folder === undefined) return [];
  return [[`## Node.js ${manifest(folder).version}`, ...licenceTexts(folder)].join('\n\n')];
}

/** The text that goes with image and archives. */
export function thirdPartyNotices(folders) {
  const head = 'What kubelet-medic carries of others, with their licences.';
  return `${[head, ...folders.map(notice), ...noticeOfNode()].join('\n\n\n')}\n`;
}
