import type { Live } from "../contract";

export interface Settable<T> extends Live<T> {
  set(value: T): void;
  update(change: (value: T) => T): void;
}

/** A value that tells who listens. Setting the same object again tells nobody. */
export function live<T>(first: T): Settable<T> {
  let value = first;
  const listeners = new Set<(value: T) => void>();
  const set = (next: T): void => {
    if (next === value) return;
    value = next;
    for (const run of [...listeners]) run(value);
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe(run) {
      listeners.add(run);
      run(value);
      return () => void listeners.delete(run);
    },
  };
}

/** A value made of another one. */
export function derived<A, B>(from: Live<A>, make: (value: A) => B): Live<B> {
  let last: { of: A; is: B } | null = null;
  const get = (): B => {
    const of = from.get();
    if (!last || last.of !== of) last = { of, is: make(of) };
    return last.is;
  };
  return { get, subscribe: (run) => from.subscribe(() => run(get())) };
}
