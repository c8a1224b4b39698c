/** The settings of the server, and where each comes from. Secrets are not told. */
import { useState } from "react";

import { useSettings } from "../../api/operating";
import { FilterBox } from "../../parts/fields";
import { PlainTable } from "../../parts/plain_table";
import { Answer } from "../../parts/states";

export function Values() {
  const settings = useSettings(true);
  const [text, setText] = useState("");
  return (
    <Answer of={settings} what="Loading settings">
      {({ items }) => (
        <div className="stack">
          <FilterBox label="Filter settings" value={text} onChange={setText} />
          <PlainTable className="settings-values" heads={["Setting", "Value", "From"]}>
            {items
              .filter((one) => one.name.toLowerCase().includes(text.toLowerCase()))
              .map((one) => (
                <tr key={one.name}>
                  <th scope="row" className="mono">
                    {one.name}
                  </th>
                  <td className="mono">{shown(one.value)}</td>
                  <td className="muted">{one.origin}</td>
                </tr>
              ))}
          </PlainTable>
        </div>
      )}
    </Answer>
  );
}

const shown = (value: unknown): React.ReactNode =>
  value === null || value === undefined || value === "" ? <span className="faint">–</span> : typeof value === "string" ? value : JSON.stringify(value);
