/** The one core, its values as runes, and what the screens remember for themselves. */
import { createCore } from "../core";
import type { Core, Live } from "../contract";

export const core: Core = createCore();

/** A live value as a rune: read `.now` in a component or an effect. */
export function rune<T>(live: Live<T>): { readonly now: T } {
  let value = $state.raw<T>(live.get());
  live.subscribe((next) => (value = next));
  return {
    get now() {
      return value;
    },
  };
}

export const status = rune(core.status);
export const doors = rune(core.doors);
export const outbox = rune(core.outbox);
export const services = rune(core.services);
