// How the fields of a filter and their values read.

import type { Activity, Field } from "../feed";
import { flavorName } from "../words/flavors";
import { t } from "../words/page";
import { of, say } from "../words/say";
import { directory } from "./directory.svelte";

/** What a field is called: alone, and over its values. */
export const fieldName = (field: Field): string => of(t.fields, field) ?? field;
export const fieldNames = (field: Field): string => of(t.fieldsMany, field) ?? field;
export const MORE_FIELDS: Field[] = ["device", "platform", "browser", "source", "referrer", "actor", "grade", "campaign", "tag"];

/** A key without the event before it: on this page there is one event. */
export const bare = (value: string): string => value.slice(value.indexOf("/") + 1);
const KEYED: Field[] = ["partner", "message", "about", "campaign"];
export const plain = (field: Field, value: string): string => (KEYED.includes(field) ? bare(value) : value);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

/** What a flavor is called, given what an activity says it is. */
export const flavorLabel = (key: string, label: string): string => flavorName(key, directory.flavor(key)?.label ?? label);

export function valueLabel(field: Field, value: string): string {
  const key = plain(field, value);
  switch (field) {
    case "partner":
      return directory.partner(key)?.name ?? key;
    case "flavor":
      if (value.endsWith(".*")) return say(t.anyFlavor, { family: value.slice(0, -2) });
      return flavorLabel(value, capital(value.split(".").join(" ")));
    case "message":
    case "about":
      return directory.message(key)?.subject ?? key;
    case "campaign":
      return directory.campaign(key)?.name ?? key;
    case "device":
      return deviceLabel(value);
    case "actor":
      return of(t.actors, value) ?? value;
    case "grade":
      return of(t.grades, value) ?? value;
    case "id":
      return value.slice(0, 8);
    default:
      return value;
  }
}

export const deviceLabel = (device: string): string => of(t.devices, device) ?? capital(device);

/** Why an activity has its grade. */
export const reasonsOf = (row: Activity): string => row.grade_reasons.map((reason) => of(t.reasons, reason) ?? reason.replaceAll("_", " ")).join(", ");

/** Fields whose values say by themselves what they are. */
const PLAIN: Field[] = ["partner", "flavor", "platform", "browser", "device"];

/** A chip in the words of a person. */
export function chipText(field: Field, given: string, not: boolean): string {
  const value = valueLabel(field, given);
  if (field === "message") return say(not ? t.gotNot : t.got, { message: value });
  if (field === "about") return say(not ? t.aboutNot : t.about, { message: value });
  if (field === "grade") return (not && of(t.gradesNot, given)) || value;
  if (PLAIN.includes(field)) return not ? say(t.not, { value }) : value;
  return say(not ? t.chipNot : t.chip, { field: fieldName(field), value });
}
