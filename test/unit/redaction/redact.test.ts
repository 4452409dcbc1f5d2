import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redact, redactBytes } from '../../../src/core/redaction/redact.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const JWT = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const KEY = `-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAplanted\nsecond+line/planted==\n-----END RSA PRIVATE KEY-----`;

describe('planted secrets are blacked out', () => {
  test.each([
    ['a JSON Web Token', `token is ${JWT} here`, 'eyJ'],
    ['a bearer header', 'Authorization: Bearer planted0123456789', 'planted'],
    ['a basic header', 'authorization: Basic cGxhbnRlZDpwbGFudGVk', 'cGxhbnRlZ'],
    ['a header as Go prints it', 'map[Authorization:[Bearer planted0123456789]]', 'planted'],
    ['a header in curl -v', `curl -H "Authorization: Bearer ${JWT}"`, 'eyJ'],
    ['a bearer token in prose', 'used bearer abcdef.0123456789planted', 'planted'],
    ['a PEM key', `before\n${KEY}\nafter`, 'planted'],
    ['a PEM key in JSON', JSON.stringify({ key: KEY }), 'planted'],
    [
      'a PEM key through journald',
      KEY.split('\n')
        .map((l) => `Nov 24 10:00:00 n kubelet[1]: ${l}`)
        .join('\n'),
      'planted',
    ],
    ['a PEM key that is cut off', '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEplanted\nplanted', 'planted'],
    ['two PEM blocks, the first cut off', `-----BEGIN A-----\nplanted\n${KEY}`, 'planted'],
    ['an AWS key id', 'using AKIAIOSFODNN7EXAMPLE now', 'AKIA'],
    ['an AWS secret', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYplanted', 'planted'],
    ['an AWS secret in the environment', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIplanted', 'planted'],
    ['a URL with a password', 'pulling https://robot:planted@registry.example/v2/', 'planted'],
    ['a URL whose password holds an @', 'postgres://u:pl@nted@db:5432/x', 'pl@nted'],
    ['a GitHub token', 'clone with ghp_planted0123456789abcdefghij', 'planted'],
    ['password=', 'mysql --password=planted -h x', 'planted'],
    ['password= with punctuation', 'password=a(b),&c;planted', 'planted'],
    ['password= in quotes', 'FLAG: --storage-driver-password="planted"', 'planted'],
    ['password: in YAML', 'user: x\n  password: planted\n', 'planted'],
    ['password: in prose', 'login failed with password: Planted1!', 'Planted1'],
    ['an environment variable', 'DB_PASSWORD=planted', 'planted'],
    ['a token flag', '--token=abcdef.planted', 'planted'],
    ['a client secret in JSON', '{"clientSecret":"planted"}', 'planted'],
    ['JSON in a log line', 'body="{\\"password\\":\\"planted\\",\\"a\\":1}"', 'planted'],
    ['a value with an escaped quote', '{"password":"a\\"planted"}', 'planted'],
    ['an API key', 'api_key: planted123', 'planted'],
    ['docker credentials', '".dockerconfigjson": "eyJhdXRocyI6planted"', 'planted'],
    [
      'a kubeconfig',
      'users:\n- user:\n    client-key-data: cGxhbnRlZA==\n    client-certificate-data: cGxhbnRlZA==\n',
      'cGxhbnRlZA',
    ],
    ['a kubeconfig in JSON', '{"certificate-authority-data":"cGxhbnRlZA=="}', 'cGxhbnRlZA'],
    ['systemd properties', 'Id=x\nEnvironment=HTTP_PROXY=http://planted A="planted b"\nType=simple', 'planted'],
    ['a process environment', 'PATH=/planted\0HOME=/planted\0', 'planted'],
    ['container variables in JSON', '"env":[{"name":"PIN","value":"planted"}]', 'planted'],
    ['container variables in Go text', 'Env:[]v1.EnvVar{v1.EnvVar{Name:"PIN", Value:"planted"}}', 'planted'],
  ])('%s', (_what, text, secret) => {
    const { text: clean, count } = redact(text);
    expect(clean).not.toContain(secret);
    expect(clean).toContain('[REDACTED]');
    expect(count).toBeGreaterThan(0);
  });

  test('what stands around them stays', () => {
    expect(redact(`a\n${KEY}\nb`).text).toBe('a\n-----BEGIN RSA PRIVATE KEY-----[REDACTED]\nb');
    expect(redact('x https://u:p1@host/path y').text).toBe('x https://u:[REDACTED]@host/path y');
    expect(redact('Environment=A=1 B="2 3"').text).toBe('Environment=A=[REDACTED] B=[REDACTED]');
    expect(redact('{"password":"x1","user":"y"}').text).toBe('{"password":"[REDACTED]","user":"y"}');
  });

  test('a bare value ends where the next pair or the closing bracket begins', () => {
    expect(redact('{token:abc123} x').text).toBe('{token:[REDACTED]} x');
    expect(redact('a?token=a1&user=b').text).toBe('a?token=[REDACTED]&user=b');
    expect(redact('password=a1;user=b').text).toBe('password=[REDACTED];user=b');
  });

  test('each is counted once', () => {
    expect(redact(`Authorization: Bearer ${JWT}`).count).toBe(1);
    expect(redact(`${KEY}\n${KEY}`).count).toBe(2);
    expect(redact('password=a1b2c3 token=d4e5f6').count).toBe(2);
  });

  test('a second pass finds nothing', () => {
    const once = redact(`Authorization: Bearer ${JWT}\n${KEY}\npassword=planted\nEnvironment=A=b\nhttp://u:p@h`);
    expect(redact(once.text)).toEqual({ text: once.text, count: 0 });
  });
});

describe('ordinary text stays as it is', () => {
  test.each([
    'FLAG: --authentication-token-webhook="true"',
    'FLAG: --authentication-token-webhook-cache-ttl="2m0s"',
    'FLAG: --tls-private-key-file=""',
    'FLAG: --bootstrap-kubeconfig=""',
    'Caches populated type="*v1.Secret" reflector="object-\\"kube-system\\"/\\"db-token\\""',
    'MountVolume.SetUp failed for volume "kube-api-access-x" : failed to fetch token: Post "https://10.96.0.1:443": dial tcp',
    'invalid bearer token: expired',
    'unable to load bootstrap token: file not found',
    'secret="kube-system/bootstrap-abc123"',
    'Authorization: <masked>',
    'bearer authentication is on',
    'authenticator: bearer tokens',
    'image="docker.io/library/nginx@sha256:0123456789abcdef"',
    'imageID="docker-pullable://registry.example:5000/a/b@sha256:0123456789"',
    'unix:///run/containerd/containerd.sock',
    'k8s.io/kubernetes/pkg/kubelet/token.(*Manager).requiresRefresh(0xc000123456)',
    '\t/root/go/pkg/mod/google.golang.org/grpc@v1.65.0/internal/transport/client_stream.go:88 +0x1d',
    'goroutine 368 [select, 1 minutes]:',
    'secretName: db',
    'token=true',
    'tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token',
    'private_key=/etc/kubernetes/pki/kubelet.key',
    'environment: none',
  ])('%s', (line) => {
    expect(redact(line)).toEqual({ text: line, count: 0 });
  });

  test('bytes that are no text stay byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (array) => {
        const bytes = Buffer.from(array);
        const clean = redactBytes(bytes);
        if (clean.count === 0) expect(clean.bytes.equals(bytes)).toBe(true);
        const after = redactBytes(Buffer.concat([bytes, Buffer.from('\npassword=planted\n'), bytes]));
        expect(after.bytes.includes('planted')).toBe(false);
      }),
    );
  });
});

describe('time is linear in the size', () => {
  test.each([
    'eyJ',
    'password',
    'password="',
    'token= ',
    '-----BEGIN RSA PRIVATE KEY-----\n',
    '://a:b',
    'Environment=',
    'A=b ',
    'A=\n',
    'bearer ',
    'authorization: ',
    '"name":"',
    'a',
    ' ',
    'ghp_',
  ])('of %j, over and over', (piece) => {
    const text = piece.repeat(Math.ceil(250_000 / piece.length));
    expect(cpuMs(() => redact(text))).toBeLessThan(500);
  });

  test('of a source file of this project, repeated', () => {
    const source = readFileSync(new URL(import.meta.url), 'utf8');
    const text = source.repeat(Math.ceil(1_000_000 / source.length));
    const took = cpuMs(() => {
      expect(redact(text).count).toBeGreaterThan(100);
    });
    expect(took).toBeLessThan(1_250);
  });
});

describe('a text of several pieces', () => {
  const filler = 'an ordinary line of a log\n'.repeat(12_000);

  test('loses its secrets wherever they stand, and nothing else', () => {
    const block = `-----BEGIN RSA PRIVATE KEY-----\n${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n'.repeat(40)}-----END RSA PRIVATE KEY-----\n`;
    for (const shift of [0, 13, 200, 700]) {
      // The block lies across the end of the first piece.
      const before = filler.slice(0, 262_144 - shift);
      const { bytes, count } = redactBytes(
        Buffer.from(`${before}${block}${filler}Authorization: Bearer abcdef0123456789abcdef\n`),
      );
      const text = bytes.toString();
      expect(count).toBe(2);
      expect(text).not.toContain('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=');
      expect(text).not.toContain('abcdef0123456789abcdef');
      expect(text.startsWith(before)).toBe(true);
      expect(text.endsWith(`[REDACTED]\n${filler}Authorization: Bearer [REDACTED]\n`)).toBe(true);
    }
  });

  test('stays the same buffer when it has none', () => {
    const bytes = Buffer.from(filler.repeat(3));
    expect(redactBytes(bytes).bytes).toBe(bytes);
  });
});
