/** How much of what takes long is done: all of it in `npm run test:long` (jest.config.js), a part in `npm test`. */
export const IS_LONG = 'isLong' in globalThis;

/** Of so many random cases: all, or an eighth. */
export function cases(all: number): number {
  return IS_LONG ? all : Math.ceil(all / 8);
}
