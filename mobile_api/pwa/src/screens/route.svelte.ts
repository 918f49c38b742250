/** Where we are: the part of the address behind "#". The phone's own Back button works, and never leaves a form half. */

let here = $state(location.hash.slice(1) || "/");
let depth = Number(history.state?.depth ?? 0);
const scrolled = new Map<string, number>();

export const route = {
  get path(): string {
    return here;
  },
  /** The parts between the slashes; "/" has none. */
  get parts(): string[] {
    return here.split("/").filter(Boolean).map(decodeURIComponent);
  },
};

export function go(path: string, { replace = false } = {}): void {
  if (path === here) return;
  scrolled.set(here, scrollY);
  if (!replace) depth += 1;
  history[replace ? "replaceState" : "pushState"]({ depth }, "", `#${path}`);
  here = path;
}

/** One step back, or to `otherwise` when the app was opened right here. */
export function back(otherwise = "/"): void {
  if (depth > 0) history.back();
  else go(otherwise, { replace: true });
}

/** How far down this address was when it was left; forgotten once asked. */
export function scrollOf(path: string): number {
  return scrolled.get(path) ?? 0;
}

history.scrollRestoration = "manual";
addEventListener("popstate", (event: PopStateEvent) => {
  scrolled.set(here, scrollY);
  depth = Number(event.state?.depth ?? 0);
  here = location.hash.slice(1) || "/";
});
