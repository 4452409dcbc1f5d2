/** What a diagnosis is made from, where a test says only a part of it. */
import type { DiagnosisInput } from '../../../src/core/diagnosis/diagnosis-input.ts';

export function aDiagnosisInput(part: Partial<DiagnosisInput> = {}): DiagnosisInput {
  return {
    dumps: [],
    logs: [],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
    ...part,
  };
}

/** A dump or a log by its text alone. */
export function named(name: string, text: string | undefined): DiagnosisInput['dumps'] & DiagnosisInput['logs'] {
  return text === undefined ? [] : [{ name, text }];
}
