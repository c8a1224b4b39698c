/** How the set-up is: what is wrong and what to do, settings, tokens, who did what, and how the page looks. */
import "./settings.css";

import { useMay, useSession } from "../../api/queries";
import { useParam } from "../../app/location";
import { Page } from "../../parts/page";
import { Empty } from "../../parts/states";
import { Panel, type Tab, Tabs } from "../../parts/tabs";
import { Audit } from "./audit";
import { Doctor } from "./doctor";
import { Look } from "./look";
import { Tokens } from "./tokens";
import { Values } from "./values";

export default function SettingsPage() {
  const { data } = useSession();
  const admin = useMay("admin");
  const [tab, setTab] = useParam("tab", "doctor");
  const tabs: Tab[] = [
    { id: "doctor", label: "Doctor" },
    { id: "look", label: "Appearance" },
    { id: "values", label: "Settings" },
    { id: "tokens", label: "Tokens" },
    { id: "audit", label: "Audit" },
  ];
  return (
    <Page
      title="Settings"
      about={data && `assetflow ${data.version}, ${data.features.auth ? `signed in as ${data.user}, ${data.role}` : "without sign-in"}`}
      below={<Tabs label="Settings" tabs={tabs} at={tab} onChange={(next) => setTab(next)} />}
    >
      <Panel of={tab}>
        {tab === "doctor" && <Doctor />}
        {tab === "look" && <Look />}
        {["values", "tokens", "audit"].includes(tab) && !admin && data && (
          <Empty title="Only administrators see this">
            You are signed in as {data.user} with the role {data.role}. An administrator can make a token with the role admin: <code>assetflow token create NAME --role admin</code>.
          </Empty>
        )}
        {tab === "values" && admin && <Values />}
        {tab === "tokens" && admin && <Tokens />}
        {tab === "audit" && admin && <Audit />}
      </Panel>
    </Page>
  );
}
