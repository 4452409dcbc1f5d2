/** What a release takes from CHANGELOG.md. */
import { describe, expect, test } from '@jest/globals';
import { changelogEntry } from '../../../tools/release/changelog.ts';

const TEXT = `# Changelog

## Unreleased

### Added

- What comes.

## 1.2.0 - 2026-11-24

A word before.

### Added

- The page ([docs/a.md](docs/a.md)) of a thing,
  on two lines.
- Ключ и значение: \`a: b\`

### Security

- A hole.

## 1.2.0-rc.1 - 2026-11-20

### Fixed

- Another one.
`;

test('an entry has its date and its changes, each on one line and without links', () => {
  expect(changelogEntry(TEXT, '1.2.0')).toEqual({
    date: '2026-11-24',
    changes: [
      { kind: 'added', description: 'The page (docs/a.md) of a thing, on two lines.' },
      { kind: 'added', description: 'Ключ и значение: `a: b`' },
      { kind: 'security', description: 'A hole.' },
    ],
  });
});

test('a version is not taken for one that it begins with', () => {
  expect(changelogEntry(TEXT, '1.2.0-rc.1').changes).toEqual([{ kind: 'fixed', description: 'Another one.' }]);
  expect(() => changelogEntry(TEXT, '1.2')).toThrow('there is no entry of 1.2');
});

describe('what cannot be released', () => {
  test.each([
    ['no entry', '', 'there is no entry of 2.0.0'],
    ['no date', '## 2.0.0\n\n### Added\n\n- A.\n', 'the entry of 2.0.0 has no date'],
    ['no day', '## 2.0.0 - 2026-13-45\n\n### Added\n\n- A.\n', 'the entry of 2.0.0 has no date'],
    [
      'no change',
      '## 2.0.0 - 2026-11-24\n\n### Added\n\n## 1.0.0 - 2026-01-01\n',
      'the entry of 2.0.0 names no change',
    ],
    ['another heading', '## 2.0.0 - 2026-11-24\n\n### New\n\n- A.\n', '`### New` is none of added, changed'],
  ])('%s', (_, text, message) => {
    expect(() => changelogEntry(`# Changelog\n\n${text}`, '2.0.0')).toThrow(message);
  });
});
