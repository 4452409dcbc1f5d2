/** The YAML that a page of the documentation shows. */
import { readFileSync } from 'node:fs';
import { parseManifests, type YamlObject } from './raw-resource.ts';

/** @param page below `docs/`. */
export function manifestsOf(page: string): readonly YamlObject[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => parseManifests(block));
}
