/** What a browser is told of each answer. */
import { createHash } from 'node:crypto';
import { STYLE } from '../../report/style.ts';

/** A report stands in a frame of the page, whose policy holds there too. */
const REPORT_STYLE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const COMMON = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-dns-prefetch-control': 'off',
} as const;

/** Scripts and styles are the two files of the page, and a text becomes markup nowhere but in the frame of a report, where nothing runs. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON,
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${REPORT_STYLE}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types report',
  ].join('; '),
};

/** Data is read by the page; who opens it by itself sees a text that can do nothing. */
export const DATA_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
};
