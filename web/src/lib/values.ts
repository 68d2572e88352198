// How the fields of a filter and their values read.

import type { Field } from "../feed";
import { directory } from "./directory.svelte";
import { deviceLabel } from "./words";

export const FIELD_WORDS: Partial<Record<Field, [one: string, more: string]>> = {
  partner: ["Partner", "Partners"],
  flavor: ["Flavor", "Flavors"],
  message: ["Message", "Messages"],
  about: ["Message", "Messages"],
  device: ["Device", "Devices"],
  platform: ["Platform", "Platforms"],
  browser: ["Browser", "Browsers"],
  source: ["Source", "Sources"],
  referrer: ["Referrer", "Referrers"],
  actor: ["Actor", "Actors"],
  grade: ["Grade", "Grades"],
  campaign: ["Campaign", "Campaigns"],
  tag: ["Tag", "Tags"],
  id: ["Activity", "Activities"],
};
export const MORE_FIELDS: Field[] = ["device", "platform", "browser", "source", "referrer", "actor", "grade", "campaign", "tag"];

/** A key without the event before it: on this page there is one event. */
export const bare = (value: string): string => value.slice(value.indexOf("/") + 1);
const KEYED: Field[] = ["partner", "message", "about", "campaign"];
export const plain = (field: Field, value: string): string => (KEYED.includes(field) ? bare(value) : value);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

export function valueLabel(field: Field, value: string): string {
  const key = plain(field, value);
  switch (field) {
    case "partner":
      return directory.partner(key)?.name ?? key;
    case "flavor":
      if (value.endsWith(".*")) return `Any ${value.slice(0, -2)} flavor`;
      return directory.flavor(value)?.label ?? capital(value.split(".").join(" "));
    case "message":
    case "about":
      return directory.message(key)?.subject ?? key;
    case "campaign":
      return directory.campaign(key)?.name ?? key;
    case "device":
      return deviceLabel(value);
    case "actor":
    case "grade":
      return capital(value);
    case "id":
      return value.slice(0, 8);
    default:
      return value;
  }
}

/** A chip in the words of a person. */
export function chipText(field: Field, value: string, not: boolean): string {
  const label = valueLabel(field, value);
  const text =
    field === "message"
      ? `got “${label}”`
      : field === "about"
        ? `about “${label}”`
        : ["partner", "flavor", "platform", "browser", "device"].includes(field)
          ? label
          : `${(FIELD_WORDS[field]?.[0] ?? field).toLowerCase()} ${label}`;
  // A name is written as it is given: eBay is no EBay.
  return not ? `not ${text}` : text === label ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
