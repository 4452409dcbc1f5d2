/** Certificates of a CA made for one test run, by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Authority {
  readonly caFile: string;
  /** PEM. */
  readonly ca: string;
  /** Files of a certificate signed by it. `subject`: `/O=GROUP/CN=NAME`; `names`: `IP:127.0.0.1,DNS:localhost`. */
  issue(name: string, subject: string, names?: string): { readonly cert: string; readonly key: string };
}

function openssl(folder: string, ...argv: readonly string[]): void {
  execFileSync('openssl', argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** In a folder that is there and empty. */
export function createAuthority(folder: string): Authority {
  openssl(
    folder,
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=test-ca',
    '-days',
    '30',
  );
  const caFile = join(folder, 'ca.crt');
  return {
    caFile,
    ca: readFileSync(caFile, 'utf8'),
    issue(name, subject, names) {
      openssl(folder, 'req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
      writeFileSync(join(folder, `${name}.ext`), names === undefined ? '' : `subjectAltName=${names}\n`);
      const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
      openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.crt`, '-days', '30');
      return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    },
  };
}

/** An RSA key pair for service account tokens. */
export function createTokenKeys(folder: string): { readonly privateKey: string; readonly publicKey: string } {
  openssl(folder, 'genrsa', '-out', 'sa.key', '2048');
  openssl(folder, 'rsa', '-in', 'sa.key', '-pubout', '-out', 'sa.pub');
  return { privateKey: join(folder, 'sa.key'), publicKey: join(folder, 'sa.pub') };
}
