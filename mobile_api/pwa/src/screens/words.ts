/** Words of the codes that the core speaks. */
import type { Outcome, Person, SyncProblem } from "../contract";
import { t, told } from "../words/index.svelte";

export function outcomeWord(outcome: Outcome): string {
  return told("outcome", outcome, "outcome.other");
}

export function stateWord(state: string): string {
  return told("step", state, "step.unknown");
}

/** How a person is called on the phone: the name where one is known, else the place in the family. */
export function personWord(person: Person): string {
  const who = person.name || person.relation || t("person.nth", { n: person.n });
  return person.born ? `${who} (${person.born})` : who;
}

export function problemWord(problem: SyncProblem): string {
  return problem ? told("problem", problem, "problem.network") : "";
}
