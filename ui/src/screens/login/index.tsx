/** The token that `assetflow token create` has printed, once; after that a cookie knows us. */
import "./login.css";

import { useId, useState } from "react";

import { ask } from "../../api/client";
import { Button } from "../../parts/button";
import { ErrorNote } from "../../parts/states";

/** Only a path of this page; never another host. */
export function safeNext(search: string): string {
  const next = new URLSearchParams(search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}

export default function Login() {
  const [token, setToken] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const field = useId();
  async function enter(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await ask("POST", "/login", { body: { token: token.trim() }, quiet: true });
      location.assign(safeNext(location.search));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }
  return (
    <main className="login">
      <form
        className="login-card"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") void enter();
        }}
      >
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1>Sign in to assetflow</h1>
        <p className="muted small">
          With a token. An administrator makes one with <code>assetflow token create</code>; who started the server can
          open the address it has printed.
        </p>
        <label htmlFor={field} className="stack tight">
          <span className="small">Token</span>
          <input
            id={field}
            className="input mono"
            type="password"
            autoComplete="current-password"
            autoFocus
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        {error !== null && <ErrorNote error={error} />}
        <Button look="primary" type="submit" busy={busy} disabled={token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
