/** Passes calls on until its owner is dead; from then on none arrives, and none is answered. */
export function mortal<T extends object>(target: T, isDead: () => boolean, onCall: () => void): T {
  return new Proxy(target, {
    get(object, key): unknown {
      const value: unknown = Reflect.get(object, key);
      if (typeof value === 'object' && value !== null) return mortal(value, isDead, onCall);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        onCall();
        if (isDead()) return new Promise(() => undefined);
        const result: unknown = Reflect.apply(value, object, args);
        if (!(result instanceof Promise)) return result;
        return new Promise((resolve, reject) => {
          result.then(
            (answer) => {
              if (!isDead()) resolve(answer);
            },
            (error: unknown) => {
              if (!isDead()) reject(error instanceof Error ? error : new Error(String(error)));
            },
          );
        });
      };
    },
  });
}
