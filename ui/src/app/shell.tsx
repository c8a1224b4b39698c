/** The frame around every screen. */
import { Component, type ReactNode, Suspense, useEffect, useState } from "react";
import { Route, Switch } from "wouter";

import { useSession } from "../api/queries";
import { useStatusLoading } from "../api/statuses";
import { Empty, ErrorNote, Loading } from "../parts/states";
import { Toasts } from "../parts/toasts";
import { Bars } from "./bars";
import { useLiveCaches } from "./events";
import { Launching } from "./launching";
import { Go, go, useEnv, usePath } from "./location";
import { Palette } from "./palette";
import { PLACES, ROUTES } from "./routes";
import { ShortcutSheet } from "./shortcut_sheet";
import { useShortcuts } from "./shortcuts";
import { Sidebar } from "./sidebar";
import { toggleTheme } from "./theme";

export function Shell() {
  const session = useSession();
  const env = useEnv();
  const path = usePath();
  const [sheet, setSheet] = useState(false);
  const [palette, setPalette] = useState(false);
  const [side, setSide] = useState(false);
  useStatusLoading(env);
  useLiveCaches(env);
  useShortcuts([
    { keys: "Ctrl+K", what: "Go to or do anything", group: "Everywhere", run: () => setPalette((on) => !on) },
    { keys: "?", what: "Show shortcuts", group: "Everywhere", command: true, run: () => setSheet(true) },
    { keys: "/", what: "Filter", group: "Everywhere", run: () => document.querySelector<HTMLInputElement>(".page [role=searchbox]")?.focus() },
    { keys: "t", what: "Switch theme", group: "Everywhere", command: true, run: toggleTheme },
    ...PLACES.map((place) => ({ keys: place.keys, what: place.name, group: "Go to", run: () => go(place.path) })),
  ]);
  useEffect(() => setSide(false), [path]);

  if (session.error && !session.data)
    return (
      <div className="alone">
        <ErrorNote error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Sidebar open={side} onToggle={() => setSide((on) => !on)} onSearch={() => setPalette(true)} />
      <div className="main">
        <Bars />
        <main id="main" tabIndex={-1}>
          <Guard key={path}>
            <Suspense fallback={<Loading />}>
              <Screens />
            </Suspense>
          </Guard>
        </main>
      </div>
      <Launching />
      {palette && <Palette screens={PLACES} onClose={() => setPalette(false)} />}
      {sheet && <ShortcutSheet onClose={() => setSheet(false)} />}
      <Toasts />
    </div>
  );
}

function Screens() {
  return (
    <Switch>
      {ROUTES.map(({ path, screen: Screen }) => (
        <Route key={path} path={path}>
          {(params) => <Screen params={decoded(params)} />}
        </Route>
      ))}
      <Route>
        <Empty title="There is no such page" action={<Go to="/" className="button plain">Home</Go>}>
          The address may be from another version.
        </Empty>
      </Route>
    </Switch>
  );
}

const decoded = (params: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value ?? ""]));

/** A screen that breaks does not take the frame with it. */
class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }
  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="alone">
        <ErrorNote error={this.state.error} onRetry={() => this.setState({ error: null })} />
      </div>
    );
  }
}
