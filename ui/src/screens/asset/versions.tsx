/** Every version that is kept: compare two, or go back to one. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useDeferredValue, useId, useState } from "react";

import { get, post } from "../../api/client";
import type { AssetDetail, Comparing, Diff, Listed, PartitionKeys, Version } from "../../api/contract";
import { cache, useMay, useSession } from "../../api/queries";
import { useEnv, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Chip, Select } from "../../parts/fields";
import { Card } from "../../parts/page";
import { PlainTable } from "../../parts/plain_table";
import { Answer, Empty } from "../../parts/states";
import { Time } from "../../parts/time";
import { toast } from "../../parts/toasts";
import { bytes, count, shortId } from "../../words/format";
import { RunLink } from "./overview";

const ASK_AGAIN_MS = 300;

export default function Versions({ asset }: { asset: AssetDetail }) {
  const [named, setNamed] = useParam("partition");
  if (!asset.is_partitioned) return <Kept asset={asset} partition={null} />;
  const partition = named || (asset.latest?.partition ?? "");
  return (
    <div className="stack wide-gap">
      <OnePartition asset={asset.key} value={partition} onChange={setNamed} />
      {partition === "" ? (
        <Empty title="Nothing is stored yet">Each partition keeps its own versions, as soon as it is made.</Empty>
      ) : (
        <Kept key={partition} asset={asset} partition={partition} />
      )}
    </div>
  );
}

function Kept({ asset, partition }: { asset: AssetDetail; partition: string | null }) {
  const env = useEnv();
  const versions = useQuery({
    queryKey: ["asset-history", asset.key, "versions", env, partition],
    queryFn: ({ signal }) => get<Listed<Version>>("/asset/versions", { key: asset.key, env, partition }, signal),
  });
  return (
    <Answer of={versions} what="Loading versions">
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="No versions">{partition === null ? "Nothing of it is stored yet." : `Nothing of ${partition} is stored yet.`}</Empty>
        ) : (
          <All asset={asset} partition={partition} versions={items} />
        )
      }
    </Answer>
  );
}

/** The partition whose versions are shown: typed, or chosen among those that are made. */
function OnePartition({ asset, value, onChange }: { asset: string; value: string; onChange: (key: string) => void }) {
  const id = useId();
  const env = useEnv();
  const [text, setText] = useState(value);
  const typed = useDeferredValue(text.trim());
  const made = useQuery({
    queryKey: ["partition-keys", asset, env, "made", typed],
    queryFn: ({ signal }) => get<PartitionKeys>("/asset/partitions/keys", { key: asset, env, q: typed === value ? "" : typed, limit: 50 }, signal),
    placeholderData: keepPreviousData,
  });
  const keys = made.data?.items ?? [];
  function change(next: string): void {
    setText(next);
    if (keys.some((row) => row.key === next)) onChange(next);
  }
  return (
    <form
      className="row wrap"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") onChange(text.trim());
      }}
    >
      <label htmlFor={id} className="small">
        Partition
      </label>
      <input id={id} className="input mono" list={`${id}-keys`} autoComplete="off" spellCheck={false} value={text} onChange={(event) => change(event.target.value)} />
      <datalist id={`${id}-keys`}>
        {keys.map((row) => (
          <option key={row.key} value={row.key}>
            {row.state === "materialized" ? "made" : row.state}
          </option>
        ))}
      </datalist>
    </form>
  );
}

type Sides = { a: string; b: string } | { env_a: string; env_b: string };

function All({ asset, partition, versions }: { asset: AssetDetail; partition: string | null; versions: Version[] }) {
  const env = useEnv();
  const may = useMay();
  const session = useSession();
  const [a, setA] = useState<string>(versions[1]?.version ?? "");
  const [b, setB] = useState<string>(versions[0]?.version ?? "");
  const [sides, setSides] = useState<Sides | null>(null);
  const [back, setBack] = useState<Version | null>(null);
  const others = (session.data?.environments ?? []).map((one) => one.name).filter((name) => name !== env);
  return (
    <div className="stack wide-gap">
      <Card
        flush
        title={partition === null ? `${count(versions.length)} kept` : `${count(versions.length)} kept of ${partition}`}
        actions={
          <div className="row wrap">
            {others.length > 0 && env !== null && (
              <Select
                label="Compare with another environment"
                value=""
                options={[{ value: "", label: "Compare with environment…" }, ...others]}
                onChange={(event) => event.target.value !== "" && setSides({ env_a: env, env_b: event.target.value })}
              />
            )}
            <Button disabled={a === "" || b === "" || a === b} onClick={() => setSides({ a, b })}>
              Compare
            </Button>
          </div>
        }
      >
        <PlainTable label="Versions" heads={["From", "To", "Version", "Made", "Run", { text: "Size", look: "end" }, "Data", { text: "State", look: "unseen" }]}>
          {versions.map((version) => (
            <tr key={version.version} className={version.published ? "published" : undefined}>
              <td>
                <input type="radio" name="a" aria-label={`Compare from ${version.version}`} checked={a === version.version} onChange={() => setA(version.version)} />
              </td>
              <td>
                <input type="radio" name="b" aria-label={`Compare to ${version.version}`} checked={b === version.version} onChange={() => setB(version.version)} />
              </td>
              <td>
                <code title={version.version}>{shortId(version.version)}</code>
              </td>
              <td>
                <Time at={version.at} />
              </td>
              <td>
                {version.run_id === null ? "–" : <RunLink id={version.run_id} />}
              </td>
              <td className="end num">{bytes(version.size)}</td>
              <td>
                <code className="faint">{version.data_version ? shortId(version.data_version) : "–"}</code>
              </td>
              <td className="end">
                {version.published ? (
                  <Chip tone="done">published</Chip>
                ) : (
                  may && (
                    <Button small look="quiet" icon={<Undo2 size={13} />} onClick={() => setBack(version)}>
                      Roll back to this
                    </Button>
                  )
                )}
              </td>
            </tr>
          ))}
        </PlainTable>
      </Card>
      {sides !== null && <Compared key={JSON.stringify(sides)} name={asset.key} partition={partition} sides={sides} />}
      {back !== null && <Rollback name={asset.key} partition={partition} version={back} onClose={() => setBack(null)} />}
    </div>
  );
}

type RollbackProps = { name: string; partition: string | null; version: Version; onClose: () => void };

function Rollback({ name, partition, version, onClose }: RollbackProps) {
  const env = useEnv();
  const { data } = useSession();
  const title = partition === null ? name : `${name}[${partition}]`;
  const guarded = data?.environments.find((one) => one.name === env)?.protected ?? false;
  return (
    <Confirm
      title={`Roll back in ${env ?? "this environment"}?`}
      action="Roll back"
      danger
      typeName={guarded ? env : null}
      onClose={onClose}
      onConfirm={async () => {
        await post("/asset/rollback", { key: name, version: version.version, partition, env, confirm_env: env });
        toast(`${title} is back at ${shortId(version.version)}`, "done");
        for (const key of ["asset", "asset-history", "statuses"]) void cache.invalidateQueries({ queryKey: [key] });
      }}
    >
      <p className="small">
        <span className="key">{title}</span> in the environment <strong>{env}</strong> will be the version{" "}
        <code>{shortId(version.version)}</code>, made <Time at={version.at} />. Nothing is computed and nothing deleted; what was
        made of the newer version becomes stale.
      </p>
    </Confirm>
  );
}

const CHANGES: Record<string, { mark: string; tone: string; word: string }> = {
  same: { mark: "=", tone: "never", word: "same" },
  changed: { mark: "≠", tone: "stale", word: "changed" },
  added: { mark: "+", tone: "done", word: "added" },
  removed: { mark: "−", tone: "failed", word: "removed" },
  type: { mark: "≠", tone: "stale", word: "another type" },
};

/** What comes of comparing, however long it takes: the server is asked again until it knows. */
async function compare(name: string, partition: string | null, sides: Sides, env: string | null, signal: AbortSignal, waits: (since: number) => void): Promise<Diff> {
  for (;;) {
    const told = await get<Diff | Comparing>("/asset/diff", { key: name, env, partition, ...sides }, signal);
    if (!("since" in told)) return told;
    waits(told.since);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

function Compared({ name, partition, sides }: { name: string; partition: string | null; sides: Sides }) {
  const env = useEnv();
  const [since, setSince] = useState<number | null>(null);
  const diff = useQuery({
    queryKey: ["diff", name, partition, sides, env],
    queryFn: ({ signal }) => compare(name, partition, sides, env, signal, setSince),
    staleTime: "a" in sides ? Infinity : 0,
    refetchOnWindowFocus: false,
    retry: false,
  });
  const [from, to] = "a" in sides ? [shortId(sides.a), shortId(sides.b)] : [sides.env_a, sides.env_b];
  return (
    <Card
      title={
        <>
          <code>{from}</code> → <code>{to}</code>
        </>
      }
    >
      {diff.isPending && since !== null && (
        <p className="small muted" role="status">
          Comparing, begun <Time at={since} />. Large values take minutes; it goes on if you leave, and is there when you come back.
        </p>
      )}
      <Answer of={diff} what="Comparing">
        {(data) => <Differences diff={data} />}
      </Answer>
    </Card>
  );
}

function Differences({ diff }: { diff: Diff }) {
  const { rows } = diff;
  const counts: [word: string, n: number][] =
    rows === null ? [] : [["rows before", rows.a], ["rows after", rows.b], ["added", rows.added], ["removed", rows.removed], ["changed", rows.changed]];
  return (
    <div className="stack" data-testid="diff">
      {counts.length > 0 && (
        <ul className="diff-rows">
          {counts.map(([word, n]) => (
            <li key={word}>
              <span className="num">{count(n)}</span> <span className="muted small">{word}</span>
            </li>
          ))}
        </ul>
      )}
      {diff.columns.length > 0 && (
        <PlainTable heads={["Column", "Change", "How"]}>
          {diff.columns.map((column) => {
            const change = CHANGES[column.change] ?? CHANGES["changed"]!;
            return (
              <tr key={column.name} data-change={column.change}>
                <td className="mono">{column.name}</td>
                <td className={`tone-${change.tone}`}>
                  <span aria-hidden="true">{change.mark} </span>
                  {change.word}
                </td>
                <td className="muted">{column.detail}</td>
              </tr>
            );
          })}
        </PlainTable>
      )}
      {diff.columns.length === 0 && counts.length === 0 && <p className="muted small">{[diff.summary, ...diff.details].join(" · ")}</p>}
      {diff.sample.length > 0 && (
        <pre className="code" tabIndex={0} role="region" aria-label="Some of what differs">
          {JSON.stringify(diff.sample, null, 2)}
        </pre>
      )}
    </div>
  );
}
