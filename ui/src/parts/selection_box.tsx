/** A box for the selection language, with names to complete. Plain words find keys that contain them. */
import { useQuery } from "@tanstack/react-query";
import { forwardRef, useDeferredValue, useId, useMemo, useState } from "react";

import { get, told } from "../api/client";
import type { Asset } from "../api/contract";
import { useDefinitions } from "../api/queries";
import { best } from "../words/fuzzy";
import { FilterBox } from "./fields";

const SYNTAX = /[:*+(),"]|\b(and|or|not)\b/i;
const TOKEN = /[^\s(),+*]*$/;

export type Selected = { keys: ReadonlySet<string> | null; error: string | null };

/** The keys that `text` means; null for all. Written in the language the server is asked, plain words are found here. */
export function useSelection(text: string): Selected {
  const asked = useDeferredValue(text.trim());
  const { data: definitions } = useDefinitions();
  const inLanguage = SYNTAX.test(asked);
  const answer = useQuery({
    queryKey: ["selection", asked, definitions?.version],
    queryFn: ({ signal }) => get<{ keys: string[]; error: string | null }>("/search/selection", { q: asked }, signal),
    enabled: inLanguage && asked !== "*",
    placeholderData: (old) => old,
    retry: false,
  });
  return useMemo(() => {
    if (asked === "" || asked === "*") return { keys: null, error: null };
    if (!inLanguage) return { keys: containing(asked, definitions?.assets ?? []), error: null };
    if (answer.error) return { keys: null, error: told(answer.error).message };
    if (!answer.data) return { keys: null, error: null };
    return answer.data.error ? { keys: null, error: answer.data.error } : { keys: new Set(answer.data.keys), error: null };
  }, [asked, inLanguage, answer.data, answer.error, definitions]);
}

export function containing(words: string, assets: Asset[]): Set<string> {
  const all = words.toLowerCase().split(/\s+/);
  return new Set(assets.filter((asset) => all.every((word) => asset.key.toLowerCase().includes(word))).map((asset) => asset.key));
}

/** What could be meant by the last word of `text`. */
export function completions(text: string, assets: Asset[], limit = 8): string[] {
  const token = TOKEN.exec(text)?.[0] ?? "";
  if (token === "") return [];
  const found = new Set<string>();
  for (const asset of assets) {
    found.add(asset.key);
    found.add(`group:${asset.group}`);
    for (const kind of asset.kinds) found.add(`kind:${kind}`);
    for (const owner of asset.owners) found.add(`owner:"${owner}"`);
    for (const [name, value] of Object.entries(asset.tags)) found.add(`tag:"${name}"="${value}"`);
  }
  found.delete(token);
  return best(token, [...found], (one) => one, limit);
}

type BoxProps = { value: string; onChange: (value: string) => void; error: string | null; label?: string };

export const SelectionBox = forwardRef<HTMLInputElement, BoxProps>(function SelectionBox(props, ref) {
  const { value, onChange, error, label = "Filter, or select: group:x, +key, kind:y" } = props;
  const { data } = useDefinitions();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const list = useId();
  const offered = useMemo(() => (open ? completions(value, data?.assets ?? []) : []), [open, value, data]);
  function take(text: string): void {
    onChange(value.replace(TOKEN, text));
    setOpen(false);
    setAt(-1);
  }
  return (
    <div
      className="selection-box"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <FilterBox
        ref={ref}
        label={label}
        value={value}
        invalid={error !== null}
        onChange={(text) => {
          onChange(text);
          setOpen(true);
          setAt(-1);
        }}
        onKeyDown={(event) => {
          const chosen = offered[at];
          if (event.key === "ArrowDown" && offered.length > 0) setAt((at + 1) % offered.length);
          else if (event.key === "ArrowUp" && offered.length > 0) setAt((at - 1 + offered.length) % offered.length);
          else if ((event.key === "Enter" || event.key === "Tab") && chosen !== undefined) take(chosen);
          else if (event.key === "Enter") {
            setOpen(false);
            event.currentTarget.blur();
          } else if (event.key === "Escape" && offered.length > 0) setOpen(false);
          else return;
          event.preventDefault();
        }}
      />
      {offered.length > 0 && (
        <ul className="completions" id={list} role="listbox" aria-label="Names to complete">
          {offered.map((one, i) => (
            <li
              key={one}
              role="option"
              aria-selected={i === at}
              onMouseDown={(event) => {
                event.preventDefault();
                take(one);
              }}
            >
              {one}
            </li>
          ))}
        </ul>
      )}
      {error !== null && (
        <p className="selection-error small" role="alert">
          {error}
        </p>
      )}
    </div>
  );
});
