// Icons of parts that are read late: the first picture does not wait for them.

import { PATHS } from "./icons";

Object.assign(PATHS, {
  globe: "M8 14.5a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM1.5 8h13M8 1.5c4 3.6 4 9.4 0 13M8 1.5c-4 3.6-4 9.4 0 13",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  pencil: "M2.5 13.5l.8-3L10.8 3a1.6 1.6 0 012.2 2.2L5.5 12.7zM9.5 4.3l2.2 2.2",
  target: "M8 13.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11zM8 9.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3z",
  except: "M8 13.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11zM4.2 4.2l7.6 7.6",
});
