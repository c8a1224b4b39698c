/** One asset: what it is, how it stands, all it ever was. `?key= &tab=`. */
import "./asset.css";

import { Network, Play } from "lucide-react";
import { lazy, Suspense } from "react";

import type { AssetDetail } from "../../api/contract";
import { isMissing } from "../../api/client";
import { useAsset, useMay } from "../../api/queries";
import { shownOf, useStatus } from "../../api/statuses";
import { openPlan } from "../../app/launching";
import { Go, KeyText, setParams, useEnv, useParam } from "../../app/location";
import { useShortcuts } from "../../app/shortcuts";
import { Button, ButtonLink } from "../../parts/button";
import { Chip } from "../../parts/fields";
import { Page } from "../../parts/page";
import { Answer, Empty, Loading } from "../../parts/states";
import { StatusMark } from "../../parts/status";
import { Panel, type Tab, Tabs } from "../../parts/tabs";
import { Time } from "../../parts/time";
import { count, duration, many } from "../../words/format";
import { Definition } from "./definition";
import { Overview } from "./overview";

const Partitions = lazy(() => import("./partitions"));
const Checks = lazy(() => import("./checks"));
const Lineage = lazy(() => import("./lineage"));
const Versions = lazy(() => import("./versions"));
const Logs = lazy(() => import("./logs"));

export default function AssetScreen() {
  const [key] = useParam("key");
  const env = useEnv();
  const asset = useAsset(key, env);
  if (key === "")
    return (
      <Page title="Asset">
        <Empty title="Which asset?" action={<ButtonLink to="/assets">All assets</ButtonLink>} />
      </Page>
    );
  if (asset.data === undefined && isMissing(asset.error))
    return (
      <Page title={key} crumbs={<Go to="/assets">Assets</Go>}>
        <Empty title="There is no such asset" action={<ButtonLink to="/assets">All assets</ButtonLink>}>
          It may have been renamed, or the definitions that have it do not load.
        </Empty>
      </Page>
    );
  return (
    <Answer of={asset} what={`Loading ${key}`}>
      {(data) => <Shown key={key} asset={data} />}
    </Answer>
  );
}

function tabsOf(asset: AssetDetail): Tab[] {
  return [
    { id: "overview", label: "Overview" },
    ...(asset.is_partitioned ? [{ id: "partitions", label: "Partitions" }] : []),
    ...(asset.checks.length > 0 ? [{ id: "checks", label: "Checks", count: asset.checks.length }] : []),
    { id: "lineage", label: "Lineage" },
    ...(asset.is_source ? [] : [{ id: "versions", label: "Versions" }]),
    { id: "definition", label: "Definition" },
    ...(asset.is_source ? [] : [{ id: "logs", label: "Logs" }]),
  ];
}

function Shown({ asset }: { asset: AssetDetail }) {
  const [asked, setTab] = useParam("tab", "overview");
  const status = useStatus(asset.key) ?? asset.status;
  const may = useMay() && asset.is_executable;
  const tabs = tabsOf(asset);
  const at = tabs.some((tab) => tab.id === asked) ? asked : "overview";
  const launch = (): void => openPlan({ selection: [asset.key] });
  const step = (by: number): void => setTab(tabs[(tabs.findIndex((tab) => tab.id === at) + by + tabs.length) % tabs.length]?.id ?? null);
  useShortcuts([
    ...(may ? [{ keys: "m", what: "Materialize", group: "Asset", command: true, run: launch }] : []),
    { keys: "l", what: "Logs", group: "Asset", run: () => setTab("logs") },
    { keys: "]", what: "Next tab", group: "Asset", run: () => step(1) },
    { keys: "[", what: "Previous tab", group: "Asset", run: () => step(-1) },
  ]);
  const shown = shownOf(status, asset.is_source);
  return (
    <Page
      title={asset.key}
      crumbs={
        <>
          <Go to="/assets">Assets</Go>
          <span aria-hidden="true">/</span>
          <Go to="/graph" params={{ group: asset.group }}>
            {asset.group}
          </Go>
        </>
      }
      heading={
        <span className="asset-heading mono">
          <KeyText name={asset.key} />
        </span>
      }
      about={
        <span className="row wrap asset-about-line">
          <StatusMark mark={shown} soft {...(shown === "skipped" && { label: "skipped – no output" })} />
          {status.at !== null && (
            <span>
              <Time at={status.at} />
              {status.duration !== null && <>, took {duration(status.duration)}</>}
            </span>
          )}
          {status.partitions && (
            <span className="num">
              {count(status.partitions.materialized)} of {many(status.partitions.total, "partition")}
            </span>
          )}
          {asset.kinds.map((kind) => (
            <Chip key={kind}>{kind}</Chip>
          ))}
          {asset.owners.map((owner) => (
            <Chip key={owner}>{owner}</Chip>
          ))}
          {Object.entries(asset.tags).map(([name, value]) => (
            <Chip key={name}>{value ? `${name}: ${value}` : name}</Chip>
          ))}
          {status.from_env && <Chip tone="accent">from {status.from_env}</Chip>}
        </span>
      }
      actions={
        <>
          <ButtonLink to="/graph" params={{ at: asset.key }} icon={<Network size={14} />}>
            View in graph
          </ButtonLink>
          {may && (
            <Button look="primary" icon={<Play size={13} />} keys="m" onClick={launch}>
              Materialize
            </Button>
          )}
        </>
      }
      below={<Tabs label="About this asset" tabs={tabs} at={at} onChange={(id) => setParams({ tab: id === "overview" ? null : id }, true)} />}
    >
      <Panel of={at}>
        <Suspense fallback={<Loading />}>
          {at === "overview" && <Overview asset={asset} status={status} />}
          {at === "partitions" && <Partitions asset={asset} />}
          {at === "checks" && <Checks asset={asset} />}
          {at === "lineage" && <Lineage asset={asset} />}
          {at === "versions" && <Versions asset={asset} />}
          {at === "definition" && <Definition asset={asset} />}
          {at === "logs" && <Logs asset={asset} />}
        </Suspense>
      </Panel>
    </Page>
  );
}
