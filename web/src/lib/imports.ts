// Partner lists as files: the server reads them, says what they would do, and takes them back.

import type { Import, ImportResult, ImportUndo } from "../feed/wire";
import { call, type ListPage, Problem } from "./api";

export type { Import, ImportResult } from "../feed/wire";
/** What a column becomes; none is left out. */
export type Mapping = Record<string, string | null>;
export const FIELDS = ["name", "email", "company", "tags", "key"] as const;

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/** Bytes of the largest list. */
export const FILE_BYTES_MAX = 24 * 1024 * 1024;
const enc = encodeURIComponent;

/** By its name: what a browser says of a .csv differs from machine to machine. */
const kindOf = (file: File): string => (/\.xls[xm]?$/i.test(file.name) ? XLSX : /\.(tsv|tab)$/i.test(file.name) ? "text/tab-separated-values" : "text/csv");

async function send(event: string, file: File, asked: Record<string, string>): Promise<ImportResult> {
  const path = `/v1/events/${enc(event)}/partners:import?${new URLSearchParams(asked)}`;
  let response: Response;
  try {
    response = await fetch(path, { method: "POST", headers: { "content-type": kindOf(file) }, body: file });
  } catch {
    throw new Problem(0, "offline", "");
  }
  const data = await response.json();
  if (!response.ok) throw new Problem(response.status, data.code, data.errors?.[0]?.message ?? data.detail, data.errors);
  return data;
}

const mapped = (mapping: Mapping): Record<string, string> => (Object.keys(mapping).length ? { mapping: JSON.stringify(mapping) } : {});

export const imports = {
  look: (event: string, file: File, mapping: Mapping) => send(event, file, { dry_run: "true", ...mapped(mapping) }),
  run: (event: string, file: File, mapping: Mapping, onlyGood: boolean) => send(event, file, { mode: onlyGood ? "good" : "all", ...mapped(mapping) }),
  list: (event: string) => call<ListPage<Import>>("GET", `/v1/events/${enc(event)}/imports`),
  lookBack: (id: number) => call<ImportUndo>("GET", `/v1/imports/${id}`),
  takeBack: (id: number) => call<ImportUndo>("DELETE", `/v1/imports/${id}`),
};

/** The lines that cannot be used, as a file to mend them by. */
export function faultsFile(result: ImportResult): Blob {
  const cell = (text: string | number): string => `"${String(text).replaceAll('"', '""')}"`;
  const rows = result.errors.map(({ line, column, code, message }) => [line, column, code, message].map(cell).join(","));
  return new Blob(["\ufeff", ["line,column,code,message", ...rows].join("\r\n"), "\r\n"], { type: "text/csv" });
}
