import type { Texts } from "../say";
import type en from "../en/rules";

export default {
  empty: "Es hat keinen Wert.",
  control: "Es enthält ein Steuerzeichen.",
  oneOf: "Möglich sind {list}.",
  flavorLong: "Eine Art hat höchstens {count} Zeichen.",
  flavorForm: "Eine Art sieht aus wie page.viewed; page.* nimmt alle, die mit page beginnen.",
  id: "Das ist keine Kennung einer Aktivität.",
  long: "Es ist länger als {count} Bytes.",
  key: "Ein Schlüssel enthält weder Leerzeichen noch Schrägstrich.",
  placeSpace: "In einem Host oder einer Adresse steht kein Leerzeichen.",
  placeLong: "Für eine Adresse ist das zu lang.",
  placeScheme: "Eine Adresse beginnt mit http:// oder https://.",
  place: "Nur der Host, etwa example.com; oder der Anfang einer Adresse, etwa https://example.com/page.",
  values: "Ein Filter fasst höchstens {count} Werte eines Feldes. Nehmen Sie zuerst einen weg.",
  words: "Eine Suche fasst höchstens {count} Wörter.",
  size: "Länger kann der Filter nicht werden. Nehmen Sie zuerst etwas weg.",
  time: "Das muss eine Zeit sein, etwa 2026-11-24T09:10:00Z; oder eine, die mitläuft: 1h, 7d, today, yesterday.",
  twice: "Es gibt einen Anfang und ein Ende.",
  order: "Der Anfang muss vor dem Ende liegen.",
  field: "Ein solches Feld gibt es nicht.",
  event: "Diese Seite zeigt ein Event: das, in dem sie geöffnet ist.",
  otherEvent: "Es gehört zu einem anderen Event, und diese Seite zeigt nur eines.",
  notApplied: "Nicht angewandt. {why}",
} satisfies Texts<typeof en>;
