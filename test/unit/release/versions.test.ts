/** Where a version of ours stands, and where another one does. */
import { describe, expect, test } from '@jest/globals';
import { withVersion } from '../../../tools/generate/versions.ts';
import { browsable } from '../../../tools/release/project.ts';

describe('a version is put into', () => {
  test.each([
    ['image', 'registry.example.com/kubelet-medic:0.1.0 .', 'registry.example.com/kubelet-medic:2.0.0-rc.1 .'],
    ['values', 'image:\n  repository: r\n  tag: 0.1.0\nx: 1', 'image:\n  repository: r\n  tag: 2.0.0-rc.1\nx: 1'],
    ['archive', 'kubectl-medic_0.1.0_linux_amd64.tar.gz', 'kubectl-medic_2.0.0-rc.1_linux_amd64.tar.gz'],
    ['chart', 'kubelet-medic-0.1.0-rc.1.tgz', 'kubelet-medic-2.0.0-rc.1.tgz'],
    ['report', 'made by kubectl medic 0.1.0.', 'made by kubectl medic 2.0.0-rc.1.'],
    ['label', '      org.opencontainers.image.version=0.1.0', '      org.opencontainers.image.version=2.0.0-rc.1'],
  ])('%s', (_, before, after) => {
    expect(withVersion(before, '2.0.0-rc.1')).toBe(after);
    expect(withVersion(after, '0.1.0')).toBe(before.replace('-rc.1', ''));
  });
});

describe('a version of something else stays', () => {
  test.each([
    'containerd 1.6.20',
    'tag: 1.2.3',
    'image:\n  repository: r\nother:\n  tag: 1.2.3',
    'redis:7.0.0',
    'my-kubelet-medicine:1.0.0',
    '"name": "zod",\n      "version": "4.6.7"',
    'from 1.6.0 on',
  ])('%j', (text) => {
    expect(withVersion(text, '2.0.0')).toBe(text);
  });
});

test.each([
  ['git+https://git.example.com/a/b.git', 'https://git.example.com/a/b'],
  ['https://git.example.com/a/b/', 'https://git.example.com/a/b'],
])('the address %s is browsed at %s', (url, address) => {
  expect(browsable(url)).toBe(address);
});

test.each(['git@git.example.com:a/b.git', 'http://git.example.com/a', 'https://git.example.com', 'a/b', ''])(
  'the address %j is refused',
  (url) => {
    expect(() => browsable(url)).toThrow('must be like https://HOST/PATH');
  },
);
