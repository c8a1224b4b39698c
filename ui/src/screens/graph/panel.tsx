/** What is picked in the picture: one asset with what matters of it, or how many. */
import { Play, X } from "lucide-react";

import { useAsset, useMay } from "../../api/queries";
import { shownOf, useStatus } from "../../api/statuses";
import { openPlan } from "../../app/launching";
import { AssetLink, Go, KeyText, useEnv } from "../../app/location";
import { Button, ButtonLink } from "../../parts/button";
import { Chip, Facts } from "../../parts/fields";
import { MetaList } from "../../parts/meta";
import { StaleList } from "../../parts/stale";
import { Answer } from "../../parts/states";
import { StatusMark } from "../../parts/status";
import { Time } from "../../parts/time";
import { Description } from "../../parts/prose";
import { duration, many, shortId } from "../../words/format";

export function AssetPanel({ name, onClose, onPick }: { name: string; onClose: () => void; onPick: (key: string) => void }) {
  const env = useEnv();
  const asset = useAsset(name, env);
  const status = useStatus(name);
  const may = useMay();
  return (
    <aside className="panel-side" aria-label={`About ${name}`}>
      <header className="panel-side-head">
        <h2 className="key">
          <Go to="/asset" params={{ key: name }}>
            <KeyText name={name} />
          </Go>
        </h2>
        <Button look="quiet" small icon={<X size={15} />} aria-label="Close" onClick={onClose} />
      </header>
      <Answer of={asset} what={`Loading ${name}`}>
        {(data) => (
          <div className="panel-side-body">
            <div className="row wrap">
              <StatusMark mark={shownOf(status, data.is_source)} soft />
              <Chip>{data.group}</Chip>
              {data.kinds.map((kind) => (
                <Chip key={kind}>{kind}</Chip>
              ))}
            </div>
            <StaleList status={status} />
            {data.description && <Description text={data.description} html={data.description_html} />}
            {data.latest && (
              <section className="stack">
                <h3 className="overline">Latest materialization</h3>
                <Facts
                  facts={[
                    ["When", <Time key="w" at={data.latest.at} />],
                    ["Took", duration(data.latest.duration)],
                    ["Run", <Go key="r" to={`/runs/${data.latest.run_id}`} className="mono">{shortId(data.latest.run_id)}</Go>],
                    ["Partition", data.latest.partition],
                  ]}
                />
                <MetaList items={data.latest.metadata.slice(0, 8)} />
              </section>
            )}
            <Neighbours title="Upstream" keys={data.upstream} onPick={onPick} />
            <Neighbours title="Downstream" keys={data.downstream} onPick={onPick} />
            <div className="row wrap">
              {may && data.is_executable && (
                <Button look="primary" icon={<Play size={13} />} onClick={() => openPlan({ selection: [name] })}>
                  Materialize
                </Button>
              )}
              <ButtonLink to="/asset" params={{ key: name }}>
                Open
              </ButtonLink>
            </div>
          </div>
        )}
      </Answer>
    </aside>
  );
}

function Neighbours({ title, keys, onPick }: { title: string; keys: string[]; onPick: (key: string) => void }) {
  if (keys.length === 0) return null;
  return (
    <section>
      <h3 className="overline">{title}</h3>
      <ul className="neighbours">
        {keys.map((key) => (
          <li key={key}>
            <Neighbour name={key} onPick={onPick} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Neighbour({ name, onPick }: { name: string; onPick: (key: string) => void }) {
  const status = useStatus(name);
  return (
    <button type="button" className="neighbour" onClick={() => onPick(name)} title={`Go to ${name}`}>
      <StatusMark mark={shownOf(status)} label="" />
      <span className="key clip">
        <KeyText name={name} />
      </span>
    </button>
  );
}

export function SelectionPanel({ keys, onClose }: { keys: string[]; onClose: () => void }) {
  return (
    <aside className="panel-side" aria-label="Selection">
      <header className="panel-side-head">
        <h2>{many(keys.length, "asset")} selected</h2>
        <Button look="quiet" small icon={<X size={15} />} aria-label="Clear selection" onClick={onClose} />
      </header>
      <ul className="panel-side-body neighbours">
        {keys.slice(0, 200).map((key) => (
          <li key={key}>
            <AssetLink name={key} />
          </li>
        ))}
        {keys.length > 200 && <li className="faint small">and {many(keys.length - 200, "more", "more")}</li>}
      </ul>
    </aside>
  );
}
