import "@fontsource-variable/geist/wght.css";
import "@fontsource-variable/geist-mono/wght.css";
import "./look/tokens.css";
import "./look/base.css";
import "./look/parts.css";
import "./look/shell.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, Suspense, lazy } from "react";
import { createRoot } from "react-dom/client";
import { Route, Router, Switch } from "wouter";

import { onLoggedOut } from "./api/client";
import { cache } from "./api/queries";
import { Shell } from "./app/shell";
import { followSystem } from "./app/theme";

const Login = lazy(() => import("./screens/login"));

followSystem();
onLoggedOut(() => {
  if (location.pathname === "/login") return;
  const next = location.pathname + location.search;
  location.assign(next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`);
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <Router>
        <Switch>
          <Route path="/login">
            <Suspense fallback={null}>
              <Login />
            </Suspense>
          </Route>
          <Route>
            <Shell />
          </Route>
        </Switch>
      </Router>
    </QueryClientProvider>
  </StrictMode>,
);
