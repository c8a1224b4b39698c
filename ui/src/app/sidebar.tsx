import { Moon, PanelLeft, Search, Sun } from "lucide-react";
import { useMemo } from "react";

import { useLiveState } from "../api/live";
import { useDefinitions, useSession } from "../api/queries";
import { type Shown, shownOf, statuses, useStatusVersion } from "../api/statuses";
import { Button, Keys } from "../parts/button";
import { StatusDot } from "../parts/status";
import { count } from "../words/format";
import { Go, setParams, useEnv, useParam, usePath } from "./location";
import { isAt, PLACES } from "./routes";
import { toggleTheme, useTheme } from "./theme";

export function Sidebar({ open, onToggle, onSearch }: { open: boolean; onToggle: () => void; onSearch: () => void }) {
  const { data } = useSession();
  const path = usePath();
  return (
    <div className={`side ${open ? "open" : ""}`}>
      <div className="side-top">
        <Go to="/" className="brand" aria-label={`${data?.project || "assetflow"}, home`}>
          <img src="/icon.svg" alt="" width={26} height={26} />
          <span className="clip">{data?.project || "assetflow"}</span>
        </Go>
        <Button look="quiet" small className="side-toggle" icon={<PanelLeft size={17} />} aria-label="Navigation" aria-expanded={open} onClick={onToggle} />
      </div>
      <div className="side-rest">
        <EnvironmentSwitch />
        <button type="button" className="side-search" onClick={onSearch}>
          <Search size={14} aria-hidden="true" />
          <span className="grow">Search</span>
          <Keys keys="Ctrl+K" />
        </button>
        <nav aria-label="Main" className="side-nav">
          {PLACES.map((place) => (
            <Go key={place.path} to={place.path} className="side-link" aria-current={isAt(place, path) ? "page" : undefined}>
              {place.icon}
              {place.name}
            </Go>
          ))}
        </nav>
        <Groups />
        <Foot />
      </div>
    </div>
  );
}

function EnvironmentSwitch() {
  const { data } = useSession();
  const env = useEnv();
  if (!data || data.environments.length < 2)
    return (
      <div className="env-name">
        <span className="overline">Environment</span>
        <span className="clip">{env ?? "…"}</span>
      </div>
    );
  const fallback = data.environments.find((one) => one.default)?.name ?? data.env;
  return (
    <label className="env-name">
      <span className="overline">Environment</span>
      <select value={env ?? ""} onChange={(event) => setParams({ env: event.target.value === fallback ? null : event.target.value }, true)}>
        {data.environments.map((one) => (
          <option key={one.name} value={one.name}>
            {one.name}
            {one.protected ? " (protected)" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

const ORDER: Shown[] = ["failed", "running", "queued", "stale"];

/** The groups with the most urgent status in each. */
function Groups() {
  const { data } = useDefinitions();
  const path = usePath();
  const [at] = useParam("group");
  const version = useStatusVersion();
  const members = useMemo(() => {
    const found = new Map<string, string[]>();
    for (const asset of data?.assets ?? []) found.set(asset.group, [...(found.get(asset.group) ?? []), asset.key]);
    return found;
  }, [data]);
  const marks = useMemo(() => {
    const found = new Map<string, Shown | null>();
    for (const [group, keys] of members) {
      const shown = new Set(keys.map((key) => shownOf(statuses.get(key))));
      found.set(group, ORDER.find((one) => shown.has(one)) ?? null);
    }
    return found;
  }, [members, version]);
  if (!data || data.groups.length === 0) return null;
  return (
    <nav aria-label="Groups" className="side-groups">
      <span className="overline">Groups</span>
      {data.groups.map(({ name, assets }) => {
        const mark = marks.get(name);
        return (
          <Go key={name} to="/graph" params={{ group: name }} className="side-link group" aria-current={path === "/graph" && at === name ? "page" : undefined}>
            <span className="clip grow">{name}</span>
            {mark && <StatusDot mark={mark} />}
            <span className="faint num xs">{count(assets)}</span>
          </Go>
        );
      })}
    </nav>
  );
}

const LIVE_WORDS = { live: "Live", connecting: "Connecting…", lost: "Reconnecting…", polling: "Asking every 3 s" } as const;

function Foot() {
  const state = useLiveState();
  const { data } = useSession();
  const shown = useTheme();
  return (
    <footer className="side-foot">
      <span className="row grow xs muted" data-live={state}>
        <span className={`live-dot ${state}`} aria-hidden="true" />
        <span className="clip">{LIVE_WORDS[state]}</span>
        {data?.features.auth && (
          <span className="clip" title={`${data.user}, ${data.role}`}>
            · {data.user}
          </span>
        )}
      </span>
      <Button
        look="quiet"
        small
        icon={shown === "dark" ? <Sun size={15} /> : <Moon size={15} />}
        aria-label={shown === "dark" ? "Light theme" : "Dark theme"}
        title="Theme (t)"
        onClick={toggleTheme}
      />
    </footer>
  );
}
