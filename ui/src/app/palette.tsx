/** Ctrl-K: every asset, screen and command by a few letters of its name. */
import { useId, useMemo, useRef, useState } from "react";

import { useDefinitions, useRuns } from "../api/queries";
import { Dialog } from "../parts/dialog";
import { shortId } from "../words/format";
import { best } from "../words/fuzzy";
import { go, usePath } from "./location";
import { useRegistered } from "./shortcuts";

type Item = { kind: "asset" | "screen" | "command" | "run" | "job"; name: string; hint: string; run: () => void };
const SHOWN = 40;

/** Screens that are about all assets may take "go to this asset" as their own affair (the graph centres it). */
let askedFor: ((key: string) => boolean) | null = null;
export function takeAssetJumps(take: ((key: string) => boolean) | null): void {
  askedFor = take;
}

export function Palette({ screens, onClose }: { screens: { name: string; path: string }[]; onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLUListElement>(null);
  const definitions = useDefinitions();
  const runs = useRuns({ limit: 50 });
  const commands = useRegistered();
  const path = usePath();
  const items = useMemo<Item[]>(() => {
    const assets = (definitions.data?.assets ?? []).map<Item>((asset) => ({
      kind: "asset",
      name: asset.key,
      hint: asset.group,
      run: () => {
        if (!askedFor?.(asset.key)) go("/asset", { key: asset.key });
      },
    }));
    const places = screens.map<Item>(({ name, path: to }) => ({ kind: "screen", name, hint: to, run: () => go(to) }));
    const jobs = (definitions.data?.jobs ?? []).map<Item>((name) => ({
      kind: "job",
      name,
      hint: "job",
      run: () => go(`/jobs/${encodeURIComponent(name)}`),
    }));
    const acts = commands
      .filter((one) => one.command)
      .map<Item>((one) => ({ kind: "command", name: one.what, hint: one.keys, run: () => one.run(new KeyboardEvent("keydown")) }));
    const past = (runs.data?.items ?? []).map<Item>((run) => ({
      kind: "run",
      name: `${run.name} ${shortId(run.id)}`,
      hint: `${run.status}, ${run.target}`,
      run: () => go(`/runs/${run.id}`),
    }));
    return [...acts, ...places, ...assets, ...jobs, ...past];
  }, [definitions.data, runs.data, commands, screens, path]);
  const found = useMemo(() => best(text, items, (item) => item.name, SHOWN), [text, items]);
  const chosen = found[Math.min(at, found.length - 1)];

  function pressed(event: React.KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = (Math.min(at, found.length - 1) + step + found.length) % Math.max(found.length, 1);
      setAt(next);
      box.current?.children[next]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && chosen) {
      event.preventDefault();
      onClose();
      requestAnimationFrame(() => chosen.run()); // after the dialog has given the focus back
    }
  }

  return (
    <Dialog title={<span className="sr">Go to or do</span>} onClose={onClose} className="palette" onKeyDown={pressed}>
      <input
        className="palette-input"
        role="combobox"
        aria-label="Go to an asset, a run or a screen, or do something"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={chosen ? `${list}-${found.indexOf(chosen)}` : undefined}
        placeholder="Go to an asset, a run, a screen…"
        autoFocus
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
      />
      <ul id={list} role="listbox" aria-label="Results" className="palette-list" ref={box}>
        {found.map((item, i) => (
          <li
            key={`${item.kind} ${item.name}`}
            id={`${list}-${i}`}
            role="option"
            aria-selected={item === chosen}
            className="palette-item"
            onMouseMove={() => setAt(i)}
            onClick={() => {
              onClose();
              requestAnimationFrame(() => item.run());
            }}
          >
            <span className="palette-kind">{item.kind}</span>
            <span className={`clip grow ${item.kind === "asset" ? "mono" : ""}`}>{item.name}</span>
            <span className="faint small clip">{item.hint}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="palette-none muted">Nothing is called “{text}”.</p>}
    </Dialog>
  );
}
