/** What a screen reader is told without being asked: little, and not often. */
import { byId } from './dom.ts';

const PACE_MS = 5_000;
const MAX_WAITING = 3;

export function createSpeaker(): (text: string) => void {
  const region = byId('spoken');
  let waiting: string[] = [];
  let left = 0;
  let isPaused = false;

  function next(): void {
    isPaused = waiting.length > 0;
    if (!isPaused) return;
    const more = left > 0 ? `; and ${String(left)} more changes` : '';
    region.textContent = `${waiting.join('; ')}${more}.`;
    waiting = [];
    left = 0;
    setTimeout(next, PACE_MS);
  }

  return (text) => {
    if (waiting.length < MAX_WAITING) waiting.push(text);
    else left += 1;
    if (!isPaused) next();
  };
}
