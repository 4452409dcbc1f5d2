/** The signature of a program for Windows: https://learn.microsoft.com/windows/win32/debug/pe-format */

const PE_HEADER = 0x3c;
/** From the header to the entry of the certificate table in a program for 64 bits: the fifth directory. */
const CERTIFICATES = 24 + 112 + 4 * 8;

/**
 * Without the signature, which does not hold for a file that is changed: Windows trusts a broken one less than none.
 * @param program of any platform; one that is not for Windows stays as it is.
 * @throws where the signature is not at the end of the file.
 */
export function withoutSignature(program: Uint8Array): Uint8Array {
  const file = Buffer.from(program);
  if (file.toString('latin1', 0, 2) !== 'MZ') return program;
  const entry = file.readUInt32LE(PE_HEADER) + CERTIFICATES;
  const [offset, size] = [file.readUInt32LE(entry), file.readUInt32LE(entry + 4)];
  if (size === 0) return program;
  if (offset + size !== file.length) throw new Error('the signature of a program for Windows is not at its end');
  file.fill(0, entry, entry + 8);
  return file.subarray(0, offset);
}
