export * from "./connection";
export * from "./feed";
export * from "./filter";
export * from "./histogram";
export * from "./range";
export * from "./types";
export { nearEnd, reveal, visible } from "./window";
export { countUpTo } from "./rows";
