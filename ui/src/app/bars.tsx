/** Bars over everything: the broker is gone, the definitions do not load. What is shown stays as it was. */
import { useEffect, useState } from "react";

import { live, useLiveState } from "../api/live";
import { useSession } from "../api/queries";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Trace } from "../parts/states";
import { useNow } from "../parts/time";
import { duration } from "../words/format";

export function Bars() {
  const { data } = useSession();
  const state = useLiveState();
  const [trace, setTrace] = useState(false);
  const error = data?.definitions.ok === false ? data.definitions.error : null;
  return (
    <>
      {data?.broker.ok === false && <BrokerBar message={data.broker.message} since={data.broker.since} />}
      {(state === "lost" || state === "polling") && <ConnectionBar polling={state === "polling"} />}
      {error && (
        <div className="bar failed" role="alert" data-testid="definitions-bar">
          <span className="grow clip">
            <strong>The definitions do not load.</strong> {error.message.replace(/\.?$/, ".")}{" "}
            {data?.definitions.loaded_at === null ? "None have loaded yet." : "The last good ones are shown."}
          </span>
          <Button small onClick={() => setTrace(true)}>
            Show trace
          </Button>
        </div>
      )}
      {trace && error && (
        <Dialog title="The definitions do not load" onClose={() => setTrace(false)} wide>
          <p className="small">{error.message}</p>
          <Trace text={error.trace} />
        </Dialog>
      )}
    </>
  );
}

function BrokerBar({ message, since }: { message: string | null; since: number | null }) {
  const now = useNow();
  return (
    <div className="bar stale" role="alert" data-testid="broker-bar">
      <span className="grow">
        <strong>The broker does not answer{since !== null && `, for ${duration(Math.max(1, Math.round(now - since)))} now`}.</strong> What is shown stays; runs go on when it is back, and
        nothing is lost. It is tried again every second.{message && <span className="muted"> {message}</span>}
      </span>
    </div>
  );
}

function ConnectionBar({ polling }: { polling: boolean }) {
  // Short gaps heal by themselves and need no bar.
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 1500);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return null;
  return (
    <div className="bar plain" role="status" data-testid="connection-bar">
      <span className="grow">
        {polling ? "No live connection: asking every three seconds." : "The live connection is lost; trying again…"}
      </span>
      <Button small look="quiet" onClick={() => live.retry()}>
        Try now
      </Button>
    </div>
  );
}
