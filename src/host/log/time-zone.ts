/** The host's time zone: klog writes local time. */
import { type OffsetAt, UTC } from '../../core/time/line-time.ts';
import { linkTarget, readText } from '../disk/bounded-read.ts';

/** From `/etc/localtime` (a link into zoneinfo) or `/etc/timezone`; UTC where neither says. */
export async function hostTimeZone(hostRoot: string, signal?: AbortSignal): Promise<OffsetAt> {
  const root = hostRoot === '/' ? '' : hostRoot;
  const target = await linkTarget(`${root}/etc/localtime`, signal);
  const name = target?.split('/zoneinfo/')[1] ?? (await readText(`${root}/etc/timezone`, signal))?.trim();
  return name === undefined || name === '' ? UTC : offsetOf(name);
}

/** Minutes ahead of UTC by the program's own time zone data; UTC for a name that it does not know. */
export function offsetOf(zone: string): OffsetAt {
  const format = formatOf(zone);
  if (format === undefined) return UTC;
  return (wallMs) => {
    const part = format.formatToParts(wallMs).find((p) => p.type === 'timeZoneName')?.value ?? '';
    const found = /GMT([+-])(\d{2}):(\d{2})/.exec(part);
    if (found === null) return 0;
    return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]));
  };
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
