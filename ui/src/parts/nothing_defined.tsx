/** A project that has nothing to show yet: it defines no assets, or its code does not load. */
import { FileWarning, Table2 } from "lucide-react";

import { told } from "../api/client";
import { useDefinitions, useSession } from "../api/queries";
import { Empty, Loading, Snippet, Trace } from "./states";

/** Whether there is no answer because no definitions have ever loaded. */
export const isUnloaded = (of: { data: unknown; error: unknown }): boolean => of.data === undefined && of.error !== null && told(of.error).code === "not_loaded";

const FIRST = `from assetflow import asset

@asset
def greeting():
    return "hello"`;

export function NoAssets() {
  const { data } = useDefinitions();
  return (
    <Empty title="No assets yet" icon={<Table2 size={20} />} action={<Snippet text={FIRST} />}>
      <code>{data?.label}</code> was loaded and defines no assets. Put one into it; it is shown as soon as the file is saved. Where it makes <code>Definitions</code>, name it there:{" "}
      <code>Definitions(assets=[greeting])</code>.
    </Empty>
  );
}

/** In place of a screen that is about definitions, as long as none have ever loaded. */
export function Unloaded() {
  const { data } = useSession();
  const error = data?.definitions.error;
  if (!error) return <Loading what="Loading the definitions" />;
  return (
    <Empty title="The definitions do not load" icon={<FileWarning size={20} />} action={<Trace text={`${error.message}\n${error.trace}`} />}>
      Correct the code: it is loaded again as soon as the file is saved, and this page shows it. What has run before is among the runs.
    </Empty>
  );
}
