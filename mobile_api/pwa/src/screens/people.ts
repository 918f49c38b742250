/** A person as typed at the door, and as the core takes it. Pure. */
import type { NewPerson } from "../contract";

export interface Typed {
  name: string;
  born: string;
  relation: string;
  sex: "male" | "female" | null;
}

export const RELATIONS = ["head", "spouse", "child", "child_in_law", "grandchild", "parent", "tenant", "other"] as const;

export function blank(): Typed {
  return { name: "", born: "", relation: "", sex: null };
}

/** Only what was filled in; null when nothing was. A year that is no number goes along, so that it is refused. */
export function personOf(typed: Typed): NewPerson | null {
  const person: NewPerson = {};
  if (typed.name.trim()) person.name = typed.name.trim();
  if (typed.born.trim()) person.birth_year = Number(typed.born.trim());
  if (typed.relation) person.relation = typed.relation;
  if (typed.sex) person.sex = typed.sex;
  return Object.keys(person).length ? person : null;
}
