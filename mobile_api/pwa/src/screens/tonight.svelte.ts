/** What is set on tonight's list: kept while the app is open, so that coming back finds it as it was. */
import { SvelteSet } from "svelte/reactivity";
import type { View } from "./list";

class Tonight {
  view: View = $state("order");
  search = $state("");
  choosing = $state(false);
  readonly chosen = new SvelteSet<string>();

  toggle(id: string): void {
    if (!this.chosen.delete(id)) this.chosen.add(id);
  }

  startChoosing(): void {
    this.choosing = true;
  }

  stopChoosing(): void {
    this.choosing = false;
    this.chosen.clear();
  }
}

export const list = new Tonight();
