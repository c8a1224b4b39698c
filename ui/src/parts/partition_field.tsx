/** One partition, a range "a..b" or a list "a, b", with the keys that there are to choose from. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId } from "react";

import { get } from "../api/client";
import type { PartitionKeys, PartitionStrip } from "../api/contract";
import { useEnv } from "../app/location";
import { count } from "../words/format";
import { Button } from "./button";

type FieldProps = { asset: string; value: string; onChange: (value: string) => void };

export function PartitionField({ asset, value, onChange }: FieldProps) {
  const id = useId();
  const env = useEnv();
  const last = useDeferredValue(value.split(/\.\.|,/).at(-1)?.trim() ?? "");
  const strip = useQuery({
    queryKey: ["partitions", asset, env],
    queryFn: ({ signal }) => get<PartitionStrip>("/asset/partitions", { key: asset, env }, signal),
  });
  const keys = useQuery({
    queryKey: ["partition-keys", asset, env, last],
    queryFn: ({ signal }) => get<PartitionKeys>("/asset/partitions/keys", { key: asset, env, q: last, limit: 30 }, signal),
    placeholderData: (old) => old,
  });
  const range = strip.data?.dimensions.length === 1 ? strip.data.dimensions[0]?.ranges : undefined;
  const [first, end] = [range?.[0]?.[0], range?.at(-1)?.[1]];
  return (
    <div className="stack tight">
      <label htmlFor={id} className="small">
        Partitions <span className="faint">of {asset}: one, a range a..b, or several a, b</span>
      </label>
      <div className="row wrap">
        <input
          id={id}
          className="input mono grow"
          list={`${id}-keys`}
          placeholder={first ?? "partition"}
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
        {end !== undefined && <Button onClick={() => onChange(end)}>Latest</Button>}
        {first !== undefined && end !== undefined && strip.data && (
          <Button onClick={() => onChange(`${first}..${end}`)}>{`All ${count(strip.data.total)}`}</Button>
        )}
      </div>
      <datalist id={`${id}-keys`}>
        {(keys.data?.items ?? []).map((row) => (
          <option key={row.key} value={row.key} />
        ))}
      </datalist>
    </div>
  );
}

/** What was typed, as the server wants it. */
export function partitionsOf(text: string): { partition?: string; partitions?: string | string[] } {
  const asked = text.trim();
  if (asked === "") return {};
  if (asked.includes("..")) return { partitions: asked };
  const several = asked.split(",").map((one) => one.trim()).filter(Boolean);
  return several.length > 1 ? { partitions: several } : { partition: asked };
}
